"""Parts of one service's telemetry, built from its settings and connected."""

from __future__ import annotations

import atexit
import math
import os
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

from opentelemetry import trace
from opentelemetry.context import Context
from prometheus_client import CollectorRegistry

from instrumentation._export.processor import NO_SPANS
from instrumentation._metrics.families import Families, Registry, ServerMetrics, counter
from instrumentation._metrics.runtime import Runtime
from instrumentation._scrape.page import Exposition, Page
from instrumentation._server.asgi import ExcludedPath, ExcludedPaths, excluded_paths
from instrumentation._server.attributes import ServerAttributes
from instrumentation._server.entry import Entry, mark_contrib_spans, trust_check
from instrumentation._server.request import Recorders, Requests
from instrumentation._server.spans import ServerSpans
from instrumentation._setup import provider as providers
from instrumentation._setup.global_provider import close_provider, open_provider
from instrumentation._spans.propagators import Propagators
from instrumentation._support.cached_property import cached_property
from instrumentation._support.guard import LOGGER, Guard
from instrumentation._support.opentelemetry_access import CLIENTS_KEY
from instrumentation._support.record import Record
from instrumentation.conventions import (
    SCHEMA_URL,
    SCOPE,
    SIGHTLINE_INTERNAL_ERRORS,
    VERSION,
    Attribute,
)
from instrumentation.settings import LOGS_OVER_OTLP, Settings

if TYPE_CHECKING:
    from instrumentation._clients.call import Clients
    from instrumentation._export.processor import ExportStats
    from instrumentation._logging.export import LogExport
    from instrumentation._server.protocols import Spans

Engine = Literal["asgi", "contrib", "fastapi"]

SetUpTracing = Callable[[Settings, str, CollectorRegistry], providers.Tracing]
"""Function of the settings, the service name if they have none, and the registry."""

SHUTDOWN_SECONDS: Final = 3.0
"""Shutdown budget: the time in which a stopping service exports its last spans."""

RECENT_STOP_SECONDS: Final = 2.0
"""If the process exits within this time after `stop()`, both share one shutdown budget."""


class Options(Record):
    """Arguments of `Telemetry` besides the settings; it documents them."""

    service: str
    exclude: tuple[str, ...] = ()
    metrics_path: str | None = None
    engine: Engine = "asgi"
    version: str = ""
    provider: trace.TracerProvider | None = None


class Pipeline:
    """Everything behind one `Telemetry`.

    The middleware, the interceptors and the instrumented clients take their parts of it once, when
    they are created.

    Args:
        settings: Settings of the service.
        options: Arguments of the service.
        set_up_tracing: Function whose provider takes precedence over all others, for tests. When
            left out, the provider of *options*, the global provider of the service, or a provider
            built from the settings is used.
    """

    def __init__(
        self, settings: Settings, options: Options, set_up_tracing: SetUpTracing | None = None
    ) -> None:
        self.settings = settings
        self.engine = options.engine
        self.registry: CollectorRegistry = Registry()
        self._failures = counter(SIGHTLINE_INTERNAL_ERRORS, self.registry)
        self.guard = Guard(self._failures.labels, strict=settings.strict)
        self.families = Families(self.registry, limit=settings.max_label_sets)
        set_up = set_up_tracing or _tracing_setup(options.provider, options.version)
        self.tracing = set_up(settings, options.service, self.registry)
        self.propagators = Propagators(settings.propagators)
        self.makes_spans = options.engine == "asgi" and not settings.disabled
        """True when server spans are created here, not by another engine."""
        self.entry = Entry(Context({CLIENTS_KEY: self, **self.propagators.base_context()}))
        mark_contrib_spans(self.guard)
        self._logs = self._log_export()
        self._runtime = Runtime(self.registry, service_version=self._version() or options.version)
        self._options = options
        self._pages: list[Page] = []
        self._stops_at = math.inf
        self._shutdown_outcome: tuple[int, bool] | None = None
        self.excluded_paths = self._excluded_paths(options)
        self.requests = Requests(self._recorders())
        if self.tracing.exporting is not None or set_up_tracing is not None:
            open_provider(self.tracing.provider, replace=set_up_tracing is not None)
        atexit.register(self.shutdown_at_exit)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return the settings and options, from which another process builds its own pipeline."""
        return type(self), (self.settings, self._options._replace(provider=None))

    @cached_property
    def clients(self) -> Clients:
        """Factory of outgoing calls, created for the first client that the service imports."""
        from instrumentation._clients.call import Clients

        return Clients(
            self.tracing.provider,
            guard=self.guard,
            families=self.families,
            sanitizer=self.tracing.origin.sanitizer,
            baggage_hosts=self.settings.baggage_hosts,
            propagators=self.propagators,
        )

    @cached_property
    def tracer(self) -> trace.Tracer:
        """Tracer of the library's spans."""
        return self._tracer(SCOPE, VERSION, SCHEMA_URL)

    @cached_property
    def service_tracer(self) -> trace.Tracer:
        """Tracer of the service's own spans, whose scope is the service."""
        attributes = self.tracing.origin.resource.attributes
        name = str(attributes.get(Attribute.SERVICE_NAME) or self._options.service)
        return self._tracer(name, str(attributes.get(Attribute.SERVICE_VERSION, "")) or None, None)

    def _tracer(self, name: str, version: str | None, schema_url: str | None) -> trace.Tracer:
        # Created at first use: the SDK compiles a pattern for each tracer.
        from instrumentation._spans.limits import limit_tracer

        tracer = self.tracing.provider.get_tracer(name, version, schema_url)
        return limit_tracer(tracer, self.tracing.origin.sanitizer)

    def _version(self) -> str:
        """Return the service version of the resource or the settings."""
        name = Attribute.SERVICE_VERSION
        detected = self.tracing.origin.resource.attributes.get(name)
        return str(detected or self.settings.resource_attributes.get(name, ""))

    def _excluded_paths(self, options: Options) -> ExcludedPaths:
        found = excluded_paths(self.settings.excluded_urls)
        # A mounted app gets its own path with a slash at the end.
        found.update(
            (path + end, ExcludedPath(app=None)) for path in options.exclude for end in ("", "/")
        )
        if options.metrics_path is not None:
            page = ExcludedPath(app=Exposition(self.page().snapshot))
            path = options.metrics_path.rstrip("/")
            found.update({path or "/": page, f"{path}/": page})
        return found

    def page(self, *registries: CollectorRegistry) -> Page:
        """Return a page with the metrics of this telemetry and of other *registries*."""
        page = Page(
            self.registry,
            *registries,
            name=f"{self._options.service} {len(self._pages)}",
            guard=self.guard,
        )
        self._pages.append(page)
        return page

    def _log_export(self) -> LogExport | None:
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
            metrics=ServerMetrics(
                self.families,
                self.settings.known_methods,
                body_sizes=self.settings.body_size_metrics,
            ),
            attributes=attributes,
            guard=self.guard,
            foreign_spans=self.engine != "asgi" and not self.settings.disabled,
        )

    def _spans(self, attributes: ServerAttributes) -> Spans:
        is_trusted = trust_check(self.settings.trust_incoming)
        if not self.makes_spans:
            from instrumentation._server.passthrough import ForeignSpans, Passthrough

            if self.engine != "asgi":
                return ForeignSpans(self.entry)
            return Passthrough(self.propagators, is_trusted=is_trusted, entry=self.entry)
        return ServerSpans(
            self.tracing,
            attributes=attributes,
            is_trusted=is_trusted,
            context=self.entry.base,
            propagators=self.propagators,
        )

    def flush(self, timeout_seconds: float) -> bool:
        """See `Telemetry.flush`."""
        if self._shutdown_result() is not None:
            return False
        logs_flushed = self._logs.start_flush(timeout_seconds) if self._logs else _always_true
        return self._flush_spans(timeout_seconds) and logs_flushed()

    def _flush_spans(self, timeout_seconds: float) -> bool:
        exporting = self.tracing.exporting
        if exporting is not None:
            return exporting.flush(timeout_seconds)
        return providers.flush(self.tracing.provider, timeout_seconds)

    def shutdown(self, timeout_seconds: float) -> bool:
        """See `Telemetry.shutdown`."""
        first_result = self._shutdown_result()
        if first_result is not None:
            return first_result
        atexit.unregister(self.shutdown_at_exit)
        self._runtime.close()
        close_provider(self.tracing.provider)
        for page in self._pages:
            page.close()
        result = self._shut_down_export(timeout_seconds)
        self._shutdown_outcome = os.getpid(), result
        return result

    def _shut_down_export(self, timeout_seconds: float) -> bool:
        logs_flushed = self._logs.start_shutdown(timeout_seconds) if self._logs else _always_true
        exporting = self.tracing.exporting
        spans_flushed = (
            exporting.shutdown_within(timeout_seconds)
            if exporting is not None
            else self._flush_spans(timeout_seconds)
        )
        return logs_flushed() and spans_flushed

    def _shutdown_result(self) -> bool | None:
        """Return the result of this process's shutdown, or None before it.

        The export of a forked child is open even if that of its parent is not.
        """
        outcome = self._shutdown_outcome
        return outcome[1] if outcome is not None and outcome[0] == os.getpid() else None

    def stats(self) -> ExportStats:
        """See `Telemetry.stats`."""
        exporting = self.tracing.exporting
        spans = exporting.stats() if exporting is not None else NO_SPANS
        return spans._replace(internal_errors=self._internal_errors())

    def _internal_errors(self) -> Mapping[str, int]:
        samples = [sample for family in self._failures.collect() for sample in family.samples]
        return MappingProxyType(
            {
                sample.labels["operation"]: int(sample.value)
                for sample in samples
                if sample.name.endswith("_total") and sample.value
            }
        )

    def start(self) -> None:
        """Measure the running event loop. The middleware calls this when the service starts."""
        self._stops_at = math.inf
        self._runtime.watch_loop()
        for page in self._pages:
            page.join()

    async def stop(self) -> None:
        """Flush without blocking the loop. The middleware calls this when the service stops."""
        from instrumentation._support.event_loop import run_in_thread

        self._stops_at = time.monotonic() + SHUTDOWN_SECONDS
        await run_in_thread(self.flush, SHUTDOWN_SECONDS)
        # At shutdown, a server cancels responses; their spans may end during the first flush.
        await run_in_thread(self.flush, self._seconds_left())
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
        exporting = self.tracing.exporting
        queued = exporting.stats().queued if exporting is not None else 0
        if queued:
            LOGGER.warning("shutting down with %d spans still queued; dropping them", queued)


def _always_true() -> bool:
    """Stand in for the result of the log export when log records are not exported."""
    return True


def _tracing_setup(provider: trace.TracerProvider | None, version: str) -> SetUpTracing:
    """Return a function that sets up tracing.

    It adopts *provider* or the global provider of the service, or builds one from the settings.
    """

    def set_up(settings: Settings, service: str, registry: CollectorRegistry) -> providers.Tracing:
        adopted = providers.as_adoptable(provider) or providers.as_adoptable(
            trace.get_tracer_provider()
        )
        if adopted is not None:
            return providers.adopt(adopted, settings)
        return providers.build(settings, service=service, version=version, registry=registry)

    return set_up
