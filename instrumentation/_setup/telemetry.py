"""Telemetry of one service: tracer, metrics, flush and shutdown."""

import asyncio
import atexit
import math
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, Self

from opentelemetry import trace
from opentelemetry.context import Context
from prometheus_client import CollectorRegistry

from instrumentation._clients.call import CLIENTS_KEY, Clients
from instrumentation._metrics.families import Families, ServerMetrics, counter
from instrumentation._metrics.registry import Registry
from instrumentation._metrics.runtime import Runtime
from instrumentation._scrape.exposition import Exposition
from instrumentation._scrape.page import Page
from instrumentation._server.attributes import ServerAttributes
from instrumentation._server.entry import Entry, mark_contrib_spans
from instrumentation._server.excluded import ExcludedPath, excluded_paths
from instrumentation._server.passthrough import ForeignSpans, Passthrough
from instrumentation._server.request import Recorders, Requests, Spans
from instrumentation._server.spans import ServerSpans
from instrumentation._setup import provider as providers
from instrumentation._setup.global_provider import close_provider, open_provider
from instrumentation._spans.limits import limit_tracer
from instrumentation._spans.propagators import Propagators
from instrumentation._spans.trust import trust_check
from instrumentation._support.cached_property import cached_property
from instrumentation._support.guard import LOGGER, Guard
from instrumentation.conventions import SCOPE
from instrumentation.settings import LOGS_OVER_OTLP, Settings

if TYPE_CHECKING:
    from instrumentation._export.queue import ExportStats
    from instrumentation._logging.export import LogExport

Engine = Literal["asgi", "contrib", "fastapi"]

TraceWith = Callable[[Settings, str, CollectorRegistry], providers.Tracing]

SHUTDOWN_SECONDS: Final = 3.0
"""Shutdown budget: the time in which a stopping service exports its last spans."""

RECENT_STOP_SECONDS: Final = 2.0
"""If the process exits within this time after `stopped()`, both share one shutdown budget."""


class Telemetry:
    """Traces and metrics of one service.

    As a context manager, it shuts down at the end of the block.

    Args:
        settings: Settings of the service.
        service: Service name if the settings have none.
        exclude: Exact paths that are not recorded.
        metrics_path: Path of the metrics page; None disables the page.
        engine: Creator of the server spans; the metrics are recorded here in any case.
        version: Service version if the settings have none.
        provider: Tracer provider that the service set up for its server spans.
        trace_with: Function that sets up tracing. When left out, *provider*, the global provider
            of the service, or a provider built from the settings is used.
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
        trace_with: TraceWith | None = None,
    ) -> None:
        self.settings = settings
        self.engine = engine
        self.registry: CollectorRegistry = Registry()
        """Registry of all metrics of the service; register your own here."""
        failures = counter("sightline_internal_errors", self.registry)
        self.guard = Guard(failures.labels, strict=settings.strict)
        self.families = Families(self.registry, limit=settings.max_label_sets)
        set_up_tracing = trace_with or _tracing_setup(provider, version)
        self.tracing = set_up_tracing(settings, service, self.registry)
        self.propagators = Propagators(settings.propagators)
        self.clients = Clients(
            self.tracing.provider,
            guard=self.guard,
            families=self.families,
            sanitizer=self.tracing.origin.sanitizer,
            baggage_hosts=settings.baggage_hosts,
            propagators=self.propagators,
        )
        self.makes_spans = engine == "asgi" and not settings.disabled
        """True when server spans are created here, not by another engine."""
        self.entry = Entry(Context({CLIENTS_KEY: self.clients, **self.propagators.base_context()}))
        mark_contrib_spans(self.guard)
        self._logs = self._log_export()
        self.runtime = Runtime(self.registry, service_version=self._version() or version)
        self._service = service
        self._pages: list[Page] = []
        self._stops_at = math.inf
        self.excluded = excluded_paths(settings.excluded_urls)
        # A mounted app gets its own path with a slash at the end.
        self.excluded.update(
            (path + end, ExcludedPath(app=None)) for path in exclude for end in ("", "/")
        )
        if metrics_path is not None:
            self.excluded[metrics_path] = ExcludedPath(app=Exposition(self.page().snapshot))
        self.requests = Requests(self._recorders())
        if self.tracing.exporting is not None or trace_with is not None:
            open_provider(self.tracing.provider, replace=trace_with is not None)
        atexit.register(self.shutdown_at_exit)

    @cached_property
    def tracer(self) -> trace.Tracer:
        """Tracer for spans below the current one, usually that of the request."""
        # Created at first use: the SDK compiles a pattern for each tracer.
        return limit_tracer(self.tracing.provider.get_tracer(SCOPE), self.tracing.origin.sanitizer)

    def _version(self) -> str:
        """Return the service version of the resource or the settings."""
        name = "service.version"
        detected = self.tracing.origin.resource.attributes.get(name)
        return str(detected or self.settings.resource_attributes.get(name, ""))

    def page(self, *registries: CollectorRegistry) -> Page:
        """Return a page with the metrics of this telemetry and of other *registries*."""
        page = Page(
            self.registry, *registries, name=f"{self._service} {len(self._pages)}", guard=self.guard
        )
        self._pages.append(page)
        return page

    def _log_export(self) -> "LogExport | None":
        if self.settings.disabled or self.settings.logs_exporter != LOGS_OVER_OTLP:
            return None
        from instrumentation._logging.export import LogExport

        return LogExport(
            self.tracing.origin.resource,
            sanitizer=self.tracing.origin.sanitizer,
            max_length=self.settings.log_length,
            timeout_seconds=self.settings.export.timeout_seconds,
            operation=self.guard.operation("log_export"),
        )

    def _recorders(self) -> Recorders:
        attributes = ServerAttributes(self.settings)
        return Recorders(
            spans=self._spans(attributes),
            entry=self.entry,
            metrics=ServerMetrics(self.families, self.settings.known_methods),
            attributes=attributes,
            guard=self.guard,
            response_headers=self.settings.response_headers,
            foreign_spans=self.engine != "asgi" and not self.settings.disabled,
        )

    def _spans(self, attributes: ServerAttributes) -> Spans:
        is_trusted = trust_check(self.settings.trust_incoming)
        if self.engine != "asgi":
            return ForeignSpans(self.entry)
        if self.settings.disabled:
            return Passthrough(self.propagators, is_trusted=is_trusted, entry=self.entry)
        return ServerSpans(
            self.tracing,
            attributes=attributes,
            is_trusted=is_trusted,
            context=self.entry.base,
            propagators=self.propagators,
        )

    def flush(self, timeout: float = SHUTDOWN_SECONDS) -> bool:
        """Export all spans that ended before this call, and log records if they are exported.

        Blocks until they are exported or the time is over. Call it from any thread but that of
        the event loop.

        Args:
            timeout: Seconds.

        Returns:
            True if the collector accepted all of them in time.
        """
        logs_flushed = self._logs.start_flush(timeout) if self._logs else _always_true
        return self._flush_spans(timeout) and logs_flushed()

    def _flush_spans(self, timeout: float) -> bool:
        exporting = self.tracing.exporting
        if exporting is not None:
            return exporting.flush(timeout)
        return providers.flush(self.tracing.provider, timeout)

    def shutdown(self, timeout: float = SHUTDOWN_SECONDS) -> bool:
        """Export the queued spans and stop. Blocks like `flush()`.

        Spans that end later are dropped; metrics can still be scraped.

        Args:
            timeout: Seconds.

        Returns:
            True if no span and no log record was lost.
        """
        atexit.unregister(self.shutdown_at_exit)
        self.runtime.close()
        close_provider(self.tracing.provider)
        for page in self._pages:
            page.close()
        logs_flushed = self._logs.start_shutdown(timeout) if self._logs else _always_true
        exporting = self.tracing.exporting
        spans_flushed = (
            exporting.shutdown_within(timeout)
            if exporting is not None
            else self._flush_spans(timeout)
        )
        return logs_flushed() and spans_flushed

    def stats(self) -> "ExportStats | None":
        """Return the ended spans by state, or None if a provider of the service exports them."""
        exporting = self.tracing.exporting
        return exporting.stats() if exporting is not None else None

    def started(self) -> None:
        """Measure the running event loop. The middleware calls this when the service starts."""
        self._stops_at = math.inf
        self.runtime.watch_loop()
        for page in self._pages:
            page.join()

    async def stopped(self) -> None:
        """Flush without blocking the loop. The middleware calls this when the service stops."""
        self._stops_at = time.monotonic() + SHUTDOWN_SECONDS
        await asyncio.to_thread(self.flush)
        # At shutdown, a server cancels responses; their spans may end during the first flush.
        await asyncio.to_thread(self.flush, self._seconds_left())
        self._warn_about_queued_spans()
        for page in self._pages:
            page.close()

    def shutdown_at_exit(self) -> None:
        """Shut down at the exit of the process, within the rest of the shutdown budget."""
        self.shutdown(self._seconds_left())

    def _seconds_left(self) -> float:
        """Return the rest of the shutdown budget; all of it if the service stopped long ago."""
        left = self._stops_at - time.monotonic()
        return (
            min(max(0.0, left), SHUTDOWN_SECONDS)
            if left > -RECENT_STOP_SECONDS
            else SHUTDOWN_SECONDS
        )

    def _warn_about_queued_spans(self) -> None:
        stats = self.stats()
        if stats is not None and stats.queued:
            LOGGER.warning(
                "shutting down with %d spans still queued; dropping them",
                stats.queued,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.shutdown()


def _always_true() -> bool:
    """Stand in for the result of the log export when log records are not exported."""
    return True


def _tracing_setup(provider: trace.TracerProvider | None, version: str) -> TraceWith:
    """Return a function that sets up tracing.

    It adopts *provider* or the global provider of the service, or builds one from the settings.
    """

    def tracing(settings: Settings, service: str, registry: CollectorRegistry) -> providers.Tracing:
        adopted = providers.as_sdk_provider(provider) or providers.as_sdk_provider(
            trace.get_tracer_provider()
        )
        if adopted is not None:
            return providers.adopt(adopted, settings)
        return providers.build(settings, service=service, version=version, registry=registry)

    return tracing
