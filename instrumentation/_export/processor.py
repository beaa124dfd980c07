"""Interface of the package's span processors, independent of the exporter."""

from abc import abstractmethod
from typing import Final

from opentelemetry.sdk.trace import SpanProcessor

from instrumentation._export.queue import ExportStats

SHUTDOWN_SECONDS: Final = 3.0
"""Timeout of ``SpanProcessor.shutdown()``, whose signature has no timeout."""


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
