"""What ``instrument()`` returns: the service's tracer, its metrics, and the end of both."""

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
"""Longest a stopping service waits for its last spans to be taken."""

SOON_SECONDS: Final = 2.0
"""A process that ends so soon after its service has stopped, ends for the same reason."""


class Telemetry:
    """Traces and metrics of one service. A context manager: it shuts down at the end of its block.

    Args:
        settings: What the environment or the caller said.
        service: The name of the service where the settings have none.
        exclude: Paths that are not recorded.
        metrics_path: Where the samples are served; None: nowhere.
        engine: Who makes the server spans: we, or another to whom we add metrics.
        version: The version of the service where the settings have none.
        provider: A tracer provider that the service set up for its server spans.
        trace_with: Sets tracing up; the service's global provider or our own when left out.
    """

    def __init__(  # noqa: PLR0913  each is a thing that instrument() may be told
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
        """Every metric of the service; register your own here."""
        failures = counter("sightline_internal_errors", self.registry)
        self.guard = Guard(failures.labels, strict=settings.strict)
        self.families = Families(self.registry, most=settings.max_label_sets)
        tracing_of = trace_with or _tracing_by(provider, version)
        self.tracing = tracing_of(settings, service, self.registry)
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
        """True when server spans are made here, not by another engine."""
        self.entry = Entry(Context({CLIENTS_KEY: self.clients, **self.propagators.base_context()}))
        mark_contrib_spans(self.guard)
        self._logs = self._log_export()
        self.runtime = Runtime(self.registry, service_version=self._version() or version)
        self._service = service
        self._pages: list[Page] = []
        self._stops_at = math.inf
        self.excluded = excluded_paths(settings.excluded_urls)
        # With a slash, too: so a mounted app is asked.
        self.excluded.update(
            (path + end, ExcludedPath(app=None)) for path in exclude for end in ("", "/")
        )
        if metrics_path is not None:
            self.excluded[metrics_path] = ExcludedPath(app=Exposition(self.page().snapshot))
        self.requests = Requests(self._recorders())
        if self.tracing.exporting is not None or trace_with is not None:
            open_provider(self.tracing.provider, replace=trace_with is not None)
        atexit.register(self.exiting)

    @cached_property
    def tracer(self) -> trace.Tracer:
        """Starts spans that nest in the request's."""
        # Not before: the SDK compiles a pattern for each tracer.
        return limit_tracer(self.tracing.provider.get_tracer(SCOPE), self.tracing.origin.sanitizer)

    def _version(self) -> str:
        """Return the version of the service, by its resource or its settings."""
        name = "service.version"
        known = self.tracing.origin.resource.attributes.get(name)
        return str(known or self.settings.resource_attributes.get(name, ""))

    def page(self, *registries: CollectorRegistry) -> Page:
        """Our metrics, and those of other *registries*, as a page shows them."""
        page = Page(
            self.registry, *registries, name=f"{self._service} {len(self._pages)}", guard=self.guard
        )
        self._pages.append(page)
        return page

    def _log_export(self) -> "LogExport | None":
        if self.settings.disabled or self.settings.logs_exporter != LOGS_OVER_OTLP:
            return None
        from instrumentation._logging.export import LogExport  # noqa: PLC0415  seldom

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
        known = trust_check(self.settings.trust_incoming)
        if self.engine != "asgi":
            return ForeignSpans(self.entry)
        if self.settings.disabled:
            return Passthrough(self.propagators, is_trusted=known, entry=self.entry)
        return ServerSpans(
            self.tracing,
            attributes=attributes,
            is_trusted=known,
            context=self.entry.base,
            propagators=self.propagators,
        )

    def flush(self, timeout: float = SHUTDOWN_SECONDS) -> bool:
        """Send all spans that ended before this call, and log records where they are sent.

        Args:
            timeout: Seconds.

        Returns:
            Whether the collector took them all in time.
        """
        logs_taken = self._logs.start_flush(timeout) if self._logs else _nothing_lost
        return self._flush_spans(timeout) and logs_taken()

    def _flush_spans(self, timeout: float) -> bool:
        exporting = self.tracing.exporting
        if exporting is not None:
            return exporting.flush(timeout)
        return providers.flush(self.tracing.provider, timeout)

    def shutdown(self, timeout: float = SHUTDOWN_SECONDS) -> bool:
        """Send what waits and stop; later spans go nowhere, metrics stay readable.

        Args:
            timeout: Seconds.

        Returns:
            Whether nothing was lost.
        """
        atexit.unregister(self.exiting)
        self.runtime.close()
        close_provider(self.tracing.provider)
        for page in self._pages:
            page.close()
        logs_taken = self._logs.start_shutdown(timeout) if self._logs else _nothing_lost
        exporting = self.tracing.exporting
        spans_taken = (
            exporting.shutdown_within(timeout)
            if exporting is not None
            else self._flush_spans(timeout)
        )
        return logs_taken() and spans_taken

    def stats(self) -> "ExportStats | None":
        """Where the spans are that ended so far; None when the service exports them itself."""
        exporting = self.tracing.exporting
        return exporting.stats() if exporting is not None else None

    def started(self) -> None:
        """The service starts, on the event loop that runs now."""
        self._stops_at = math.inf
        self.runtime.watch_loop()
        for page in self._pages:
            page.join()

    async def stopped(self) -> None:
        """The service stops: send what waits, without holding up the event loop."""
        self._stops_at = time.monotonic() + SHUTDOWN_SECONDS
        await asyncio.to_thread(self.flush)
        # A server in a hurry cancels responses, whose spans end while the first flush counts.
        await asyncio.to_thread(self.flush, self._left())
        self._tell_what_waits()
        for page in self._pages:
            page.close()

    def exiting(self) -> None:
        """The process ends: shut down, in the time that `stopped` left."""
        self.shutdown(self._left())

    def _left(self) -> float:
        """Seconds until a service that stops gives up; all of them when it stopped long ago."""
        left = self._stops_at - time.monotonic()
        return min(max(0.0, left), SHUTDOWN_SECONDS) if left > -SOON_SECONDS else SHUTDOWN_SECONDS

    def _tell_what_waits(self) -> None:
        stats = self.stats()
        if stats is not None and stats.queued:
            LOGGER.warning(
                "the service stops while %d spans wait for the collector; they are given up",
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


def _nothing_lost() -> bool:
    """What a service that sends no log records answers about them."""
    return True


def _tracing_by(provider: trace.TracerProvider | None, version: str) -> TraceWith:
    """Return what sets tracing up: by *provider*, the service's global one, or one of ours."""

    def tracing(settings: Settings, service: str, registry: CollectorRegistry) -> providers.Tracing:
        adopted = providers.of_sdk(provider) or providers.of_sdk(trace.get_tracer_provider())
        if adopted is not None:
            return providers.adopt(adopted, settings)
        return providers.build(settings, service=service, version=version, registry=registry)

    return tracing
