"""gRPC between the services: `users.proto`, its stubs, one server and one client."""

from typing import Final

SERVICE: Final = "shop.users.v1.UserService"
"""Full name of the service in `users.proto`."""
