"""Events of the shop: facts about the past, as JSON with id, time, name and data."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from uuid import UUID, uuid4

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from demo_services.shop import Order, User

USER_UPDATED: Final = "user.updated"
ORDER_CREATED: Final = "order.created"
NAMES: Final = (USER_UPDATED, ORDER_CREATED)


class MalformedEventError(Exception):
    """The text is no event of the shop. A retry cannot succeed."""


class _Event(BaseModel):
    id: UUID = Field(default_factory=uuid4)
    """Equal in every delivery of the event."""
    time: datetime = Field(default_factory=lambda: datetime.now(UTC))
    """Time of the change."""


class UserUpdated(_Event):
    """A user has new data."""

    name: Literal["user.updated"] = USER_UPDATED
    data: User


class OrderCreated(_Event):
    """A user has placed an order."""

    name: Literal["order.created"] = ORDER_CREATED
    data: Order


Event = UserUpdated | OrderCreated

_EVENT: Final[TypeAdapter[Event]] = TypeAdapter(Annotated[Event, Field(discriminator="name")])


def parse_event(text: str) -> Event:
    """Return the event whose JSON is *text*.

    Raises:
        MalformedEventError: The text has another form, or another name.
    """
    try:
        return _EVENT.validate_json(text)
    except ValidationError as error:
        raise MalformedEventError(
            f"{error.error_count()} errors: {error.errors()[0]['msg']}"
        ) from None
