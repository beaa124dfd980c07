"""What an attempt to export came to.

Named tuples, because every service imports them: a dataclass takes seven times as long to make.
"""

from typing import Final, NamedTuple, Protocol

REJECTED: Final = "rejected"
"""``error_type`` of spans the collector took the request of, but not them.
Source: semantic conventions, ``otel.sdk.exporter.span.exported``."""


class Accepted(NamedTuple):
    """The collector answered success."""

    rejected: int = 0
    """Spans it did not take all the same (``partial_success``)."""
    message: str = ""
    """Why, in its words."""
    unreadable: str = ""
    """Why the body of the answer says nothing; empty when it was read."""


class Failed(NamedTuple):
    """The collector did not accept the request now, but may accept it later."""

    cause: str
    """``error_type``: a status, or the class of an exception."""
    detail: str = ""
    """The cause in a sentence."""
    retry_after_seconds: float | None = None
    """How long the collector asked us to wait."""
    throttled: bool = False
    """The collector limits the rate of requests; their content is not at fault."""


class TooLarge(NamedTuple):
    """The collector takes smaller requests only."""

    cause: str


class Refused(NamedTuple):
    """The collector finds fault with the content of the request."""

    cause: str
    detail: str = ""


Verdict = Accepted | Failed | TooLarge | Refused


class Transport(Protocol):
    """Carries requests to a collector; of one thread, but for `abort`."""

    component_type: str
    """Source: semantic conventions, ``otel.component.type``."""

    def send(self, body: bytes, deadline: float) -> Verdict:
        """Make one attempt; never raises for what network or collector do.

        Args:
            body: An ``ExportTraceServiceRequest``, compressed with gzip.
            deadline: In seconds of `time.monotonic`; a collector that drips ends there, too.
        """

    def abort(self) -> None:
        """End the attempt that another thread is making, if any."""

    def close(self) -> None:
        """Give up the connection; the next `send` opens another."""
