"""Bus between the services: it keeps each message until every group of consumers has it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol, Self

NATS_SCHEMES: Final = ("nats", "tls")
"""Schemes of the URL of a NATS server."""
MESSAGE_ID: Final = "messaging.message.id"
"""Attribute of spans. Source: semantic conventions, "Messaging spans"."""


class BusUnavailableError(Exception):
    """The bus did not accept or return a message. A retry can succeed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Event on its way between two services."""

    id: str
    """Id of the event."""
    name: str
    """Name of the event, which is also the destination."""
    body: str
    headers: Mapping[str, str]
    """Context of the trace that the event belongs to."""

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        """Return the message with *headers* instead."""
        return replace(self, headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Message for one group of consumers."""

    message: Message
    position: int
    """Position on the bus. Later messages have higher ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """Message that a group of consumers could not process."""

    id: str
    """Id of the event."""
    name: str
    reason: str


class Subscription(Protocol):
    """Messages of one name for one group of consumers, from the oldest that the group lacks."""

    async def receive(self) -> Delivery:
        """Wait for the next message and return it.

        Raises:
            BusUnavailableError: The bus does not answer.
        """

    async def acknowledge(self, delivery: Delivery) -> None:
        """Record that the group has *delivery*, so that it is not delivered again.

        Raises:
            BusUnavailableError: The bus does not answer.
        """

    async def bury(self, delivery: Delivery, *, reason: str) -> None:
        """Acknowledge *delivery*, and keep it among the dead letters with *reason*.

        Raises:
            BusUnavailableError: The bus does not answer.
        """

    async def dead_letters(self) -> list[DeadLetter]:
        """Return the latest dead letters of the group, newest first.

        Raises:
            BusUnavailableError: The bus does not answer.
        """

    async def count_waiting(self) -> int:
        """Return the number of messages that the group lacks.

        Raises:
            BusUnavailableError: The bus does not answer.
        """


class Bus(Protocol):
    """Bus as an async context manager that closes its connections."""

    @property
    def system(self) -> str:
        """Source: semantic conventions, ``messaging.system``."""

    async def publish(self, message: Message) -> None:
        """Keep *message* for all groups. It is durable when the call returns.

        Raises:
            BusUnavailableError: The bus does not answer. The message may be there nevertheless.
        """

    def subscribe(self, name: str, *, group: str) -> Subscription:
        """Return the messages *name* for *group*."""

    async def close(self) -> None:
        """Close the connections."""
