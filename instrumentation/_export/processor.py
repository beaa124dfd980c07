"""What every processor of ours answers, whichever exporter is behind it."""

from abc import abstractmethod
from typing import Final

from opentelemetry.sdk.trace import SpanProcessor

from instrumentation._export.queue import ExportStats

SHUTDOWN_SECONDS: Final = 3.0
"""How long the SDK's own ``shutdown()``, which takes no time, may last."""


class ExportProcessor(SpanProcessor):
    """A span processor that can be asked how it fares, and told how long it may take."""

    @abstractmethod
    def flush(self, timeout_seconds: float) -> bool:
        """Send now; whether all spans that ended before were exported in time."""

    @abstractmethod
    def shutdown_within(self, timeout_seconds: float) -> bool:
        """Send what waits and stop; whether nothing had to be given up."""

    @abstractmethod
    def stats(self) -> ExportStats:
        """Where the spans are that ended so far."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """`flush`, as the SDK calls it."""
        return self.flush(timeout_millis / 1000)

    def shutdown(self) -> None:
        """`shutdown_within` three seconds, as the SDK calls it."""
        self.shutdown_within(SHUTDOWN_SECONDS)
