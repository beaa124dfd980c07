"""Messages of `users.proto` for the models of the shop."""

from demo_services.rpc import users_pb2
from demo_services.shop import User


def to_message(user: User) -> users_pb2.User:
    """Return *user* as a message."""
    return users_pb2.User(id=user.id, name=user.name, tier=user.tier)


def from_message(message: users_pb2.User) -> User:
    """Return the user in *message*."""
    return User(id=message.id, name=message.name, tier=message.tier)
