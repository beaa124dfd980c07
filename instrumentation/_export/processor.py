"""Interface of the package's span processors, and the counts of ended spans by state."""

from __future__ import annotations

from abc import abstractmethod
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from opentelemetry.sdk.trace import SpanProcessor

from instrumentation._support.record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping


QUEUE_FULL: Final = "queue_full"
SHUTDOWN: Final = "shutdown"
REFUSED: Final = "refused"
TOO_LARGE: Final = "too_large"
UNENCODABLE: Final = "unencodable"
DROP_REASONS: Final = (QUEUE_FULL, SHUTDOWN, REFUSED, TOO_LARGE, UNENCODABLE)
"""Reasons to drop a span; values of ``error_type``."""


class ExportStats(Record):
    """Number of ended spans by state: ``accepted = exported + rejected + dropped + queued``."""

    accepted: int
    """Sampled spans that ended."""
    exported: int
    """Spans that the collector accepted."""
    rejected: int
    """Spans that the collector rejected in an accepted request (``partial_success``)."""
    dropped: Mapping[str, int]
    """Dropped spans by reason, one of `DROP_REASONS`; 0 for a reason that did not occur."""
    queued: int
    """Spans that wait or are in flight."""
    queued_bytes: int
    """Compressed size of the queued packets, in bytes."""
    internal_errors: Mapping[str, int] = MappingProxyType({})
    """Failures of the instrumentation by operation. Operations without one are left out."""


class SpanCounts:
    """Counts of the spans that left the queue."""

    __slots__ = ("accepted", "dropped", "exported", "rejected")

    def __init__(self) -> None:
        self.accepted = self.exported = self.rejected = 0
        self.dropped = dict.fromkeys(DROP_REASONS, 0)

    def lost(self) -> int:
        """Return the number of spans rejected or dropped."""
        return self.rejected + sum(self.dropped.values())


SHUTDOWN_SECONDS: Final = 3.0
"""Timeout of ``SpanProcessor.shutdown()``, whose signature has no timeout."""

NO_SPANS: Final = ExportStats(
    accepted=0,
    exported=0,
    rejected=0,
    dropped=MappingProxyType(dict.fromkeys(DROP_REASONS, 0)),
    queued=0,
    queued_bytes=0,
)
"""Counts of an export that gets no spans."""


class ExportProcessor(SpanProcessor):
    """Span processor with timeouts and statistics."""

    @abstractmethod
    def flush(self, timeout_seconds: float) -> bool:
        """Export queued spans now; block for at most *timeout_seconds*.

        Returns:
            Whether all spans that ended before this call were exported in time.
        """

    @abstractmethod
    def shutdown_within(self, timeout_seconds: float) -> bool:
        """Export queued spans and stop; block for at most *timeout_seconds*.

        Spans that end later are dropped and counted.

        Returns:
            Whether no span was dropped or rejected by this shutdown.
        """

    @abstractmethod
    def stats(self) -> ExportStats:
        """Return the number of ended spans by state."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Call `flush`; the SDK's interface."""
        return self.flush(timeout_millis / 1000)

    def shutdown(self) -> None:
        """Call `shutdown_within` three seconds; the SDK's interface."""
        self.shutdown_within(SHUTDOWN_SECONDS)
