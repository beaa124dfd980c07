"""Result of an attempt to export.

The types are named tuples because a dataclass takes seven times as long to create, and the first
span waits for it.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Accepted(NamedTuple):
    """Success: the collector accepted the request."""

    rejected: int = 0
    """Number of spans that it rejected (``partial_success``)."""
    message: str = ""
    """Reason given by the collector."""
    unreadable: str = ""
    """Reason why the body cannot be parsed; empty when it was parsed."""


class Failed(NamedTuple):
    """Failure that may be temporary."""

    cause: str
    """Value of ``error_type``: a status, or the class of an exception."""
    detail: str = ""
    """Description of the cause."""
    retry_after_seconds: float | None = None
    """Delay that the collector requested."""
    throttled: bool = False
    """True when the collector limits the request rate; the content is then valid."""
    unreachable: bool = False
    """True when no connection could be opened, at once: refused, no such host, no route."""


class TooLarge(NamedTuple):
    """Failure because the request is too large; a smaller one may be accepted."""

    cause: str


class Refused(NamedTuple):
    """Failure because the collector rejects the content of the request."""

    cause: str
    detail: str = ""


Verdict = Accepted | Failed | TooLarge | Refused


class Transport(Protocol):
    """Connection to a collector.

    One thread calls `send` and `close`; another may call `abort`.
    """

    def send(self, body: bytes, deadline: float) -> Verdict:
        """Make one attempt and block until *deadline* at most; network errors are not raised.

        Args:
            body: An ``ExportTraceServiceRequest``, compressed with gzip.
            deadline: In `time.monotonic` seconds; covers a collector that sends byte by byte.
        """

    def abort(self) -> None:
        """Interrupt an attempt in another thread, if any."""

    def close(self) -> None:
        """Close the connection; the next `send` opens a new one."""
