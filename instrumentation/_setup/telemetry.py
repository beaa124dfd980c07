"""Telemetry of one service: the object that `instrument()` returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from instrumentation._setup.pipeline import SHUTDOWN_SECONDS, Engine, Options, Pipeline
from instrumentation._support.cached_property import cached_property

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from opentelemetry import trace
    from prometheus_client import CollectorRegistry

    from instrumentation._export.processor import ExportStats
    from instrumentation.settings import Settings


class Telemetry:
    """Traces and metrics of one service, open until `shutdown()` or the exit of the process.

    As a context manager, it shuts down at the end of the block.

    After a shutdown, spans that end are dropped and counted. Metrics still count and can be
    scraped, except for those of the event loop and the garbage collector, which stay as they are.

    Args:
        settings: Settings of the service.
        service: Service name if the settings have none.
        exclude: Exact paths that are not recorded.
        metrics_path: Path of the metrics page; None disables the page.
        engine: Creator of the server spans; the metrics are recorded here in any case.
        version: Service version if the settings have none.
        provider: Tracer provider that the service set up for its server spans. When left out, the
            global provider of the service, or one built from the settings.
    """

    def __init__(  # noqa: PLR0913  each is an independent option
        self,
        settings: Settings,
        *,
        service: str,
        exclude: Iterable[str] = (),
        metrics_path: str | None = None,
        engine: Engine = "asgi",
        version: str = "",
        provider: trace.TracerProvider | None = None,
    ) -> None:
        self._pipeline = Pipeline(
            settings,
            Options(
                service=service,
                exclude=tuple(exclude),
                metrics_path=metrics_path,
                engine=engine,
                version=version,
                provider=provider,
            ),
        )

    @property
    def settings(self) -> Settings:
        """Settings of the service."""
        return self._pipeline.settings

    @property
    def registry(self) -> CollectorRegistry:
        """Registry of all metrics of the service; register your own here."""
        return self._pipeline.registry

    @cached_property
    def tracer(self) -> trace.Tracer:
        """Tracer for spans below the current one, usually that of the request.

        Their instrumentation scope is the service.
        """
        return self._pipeline.service_tracer

    def flush(self, timeout: float = SHUTDOWN_SECONDS) -> bool:
        """Export all spans that ended before this call, and log records if they are exported.

        Blocks until they are exported or the time is over. Call it from any thread but that of
        the event loop.

        Args:
            timeout: Seconds.

        Returns:
            True if the collector accepted all of them in time. False after a shutdown, which ended
            the export.
        """
        return self._pipeline.flush(timeout)

    def shutdown(self, timeout: float = SHUTDOWN_SECONDS) -> bool:
        """Export the queued spans and stop. Blocks like `flush()`.

        Idempotent: another call returns the result of the first one at once.

        Args:
            timeout: Seconds.

        Returns:
            True if no span and no log record was lost by the shutdown.
        """
        return self._pipeline.shutdown(timeout)

    def stats(self) -> ExportStats:
        """Return the number of ended spans by state, and of internal errors, since the start.

        All counts are those of this process. A provider that the service set up exports its spans
        itself: they are not counted here.
        """
        return self._pipeline.stats()

    def __reduce__(self) -> tuple[Any, ...]:
        return telemetry_of, (self._pipeline,)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.shutdown()


def pipeline_of(telemetry: Telemetry) -> Pipeline:
    """Return the parts of *telemetry*, for code that binds them at set-up."""
    return telemetry._pipeline


def telemetry_of(pipeline: Pipeline) -> Telemetry:
    """Return a telemetry with the parts of *pipeline*."""
    telemetry = Telemetry.__new__(Telemetry)
    telemetry._pipeline = pipeline
    return telemetry
