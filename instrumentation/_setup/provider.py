"""Tracer providers of the OpenTelemetry SDK, built from the settings or adopted."""

from __future__ import annotations

import os
import platform
from functools import partial
from random import Random
from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import (
    SpanLimits,
    SpanProcessor,
    SynchronousMultiSpanProcessor,
    TracerProvider,
)
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.sdk.version import __version__ as SDK_VERSION  # noqa: N812  it is a constant
from prometheus_client import CollectorRegistry, Counter

from instrumentation._export.base import build as build_export
from instrumentation._metrics.families import counter
from instrumentation._sampling.sampler import RatioSampler, SDKSampler
from instrumentation._spans.sanitizer import MAX_KEY_LENGTH, Sanitizer
from instrumentation._spans.sdk_access import ForkSafe, processor_of
from instrumentation._spans.span import Origin
from instrumentation._support.fork import register_after_fork
from instrumentation._support.guard import LOGGER
from instrumentation._support.record import Record
from instrumentation.conventions import OTEL_SDK_SPAN_STARTED, SCHEMA_URL, SCOPE, VERSION, Attribute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.sdk.trace.id_generator import IdGenerator
    from opentelemetry.util.types import AnyValue, Attributes

    from instrumentation._export.processor import ExportProcessor
    from instrumentation._server.protocols import HeadSampler
    from instrumentation.settings import Limits, Settings


class Tracing(Record):
    """Parts that the spans of one service share."""

    provider: trace.TracerProvider
    origin: Origin
    sampler: HeadSampler
    ids: IdGenerator
    random: int
    """Trace flag of random trace ids, or 0. Source: W3C Trace Context level 2."""
    exporting: ExportProcessor | None
    """None: the provider of the service exports."""


class Provider(ForkSafe, TracerProvider):
    """Provider of the SDK, whose later added processors also get the server spans.

    `ProcessResource` updates the process attributes after a fork, for all tracers that use it.
    """

    _origin: Origin | None = None
    _sanitizer: Sanitizer

    def __init__(self, **options: Any) -> None:
        self._processors = SynchronousMultiSpanProcessor()  # type: ignore[no-untyped-call]  # the SDK's has no types
        super().__init__(active_span_processor=self._processors, **options)

    def attach_processor(self, processor: SpanProcessor, origin: Origin) -> None:
        """Add *processor*, and make it the direct target of the spans of *origin*."""
        self.add_span_processor(processor)
        self._origin = origin
        self._sanitizer = origin.sanitizer

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> trace.Tracer:
        """Return a tracer whose spans are limited and redacted. Other arguments: see the SDK."""
        from instrumentation._spans.limits import limit_tracer

        sanitizer = self._sanitizer
        tracer = super().get_tracer(
            sanitizer.name(instrumenting_module_name),
            instrumenting_library_version and sanitizer.name(instrumenting_library_version),
            schema_url,
            sanitizer.attributes(attributes) if attributes else attributes,
        )
        return limit_tracer(tracer, sanitizer)

    def add_span_processor(self, span_processor: SpanProcessor) -> None:
        """Add *span_processor*; the server spans go to it, too."""
        super().add_span_processor(span_processor)
        if self._origin is not None:
            self._origin.processor = self._processors


def build(  # noqa: PLR0913  each varies independently
    settings: Settings,
    *,
    service: str,
    registry: CollectorRegistry,
    version: str = "",
    ids: IdGenerator | None = None,
    processor: SpanProcessor | None = None,
) -> Tracing:
    """Build a provider with resource, sampler, limits and export from the settings.

    Args:
        settings: Settings of the service.
        service: Service name if the settings have none.
        registry: Registry for the metrics of sampling and export.
        version: Service version if neither settings nor detectors have one.
        ids: Id generator; random ids when left out.
        processor: Gets the spans instead of the exporter that the settings select.

    Raises:
        ConfigurationError: The argument of the sampler is invalid.
    """
    resource = resource_of(settings, service, version)
    # Without this counter, rules know that the service starts no spans on purpose.
    started = counter(OTEL_SDK_SPAN_STARTED, CollectorRegistry() if settings.disabled else registry)
    sampler = _sampler(settings, resource, started.labels)
    exporting = None
    if processor is None:
        processor = exporting = build_export(settings.export, resource=resource, registry=registry)
    ids = ids or RandomIds()
    origin = _origin(resource, processor, settings)
    provider = Provider(
        sampler=sampler,
        resource=resource,
        shutdown_on_exit=False,  # Telemetry shuts down within a bound
        id_generator=ids,
        span_limits=_span_limits(settings.limits),
    )
    provider.attach_processor(processor, origin)
    return Tracing(
        provider=trace.NoOpTracerProvider() if settings.disabled else provider,
        origin=origin,
        sampler=sampler,
        ids=ids,
        random=_random_flag(ids),
        exporting=exporting,
    )


def adopt(provider: TracerProvider, settings: Settings) -> Tracing:
    """Use a provider that the service set up: its resource, sampler, ids and processors.

    Args:
        provider: Result of `as_adoptable`.
        settings: Settings of the service.
    """
    return Tracing(
        provider=provider,
        origin=_origin(provider.resource, processor_of(provider) or SpanProcessor(), settings),
        sampler=SDKSampler(provider.sampler),
        ids=provider.id_generator,
        random=_random_flag(provider.id_generator),
        exporting=None,
    )


def _random_flag(ids: IdGenerator) -> int:
    is_random = getattr(ids, "is_trace_id_random", None)  # newer SDKs have it
    return 2 if is_random is not None and is_random() else 0


def as_adoptable(provider: trace.TracerProvider | None) -> TracerProvider | None:
    """Return *provider* if it is one of the SDK, whose processors can get spans; otherwise None."""
    if not isinstance(provider, TracerProvider):
        return None
    if processor_of(provider) is None:
        LOGGER.warning(
            "This release of opentelemetry-sdk does not show the processors of a tracer provider: "
            "server spans go to the exporter of the environment variables, not to %r",
            provider,
        )
        return None
    return provider


def flush(provider: trace.TracerProvider, timeout_seconds: float) -> bool:
    """Flush the service's own provider; return False on failure or timeout.

    The flush runs in a thread, because that of the SDK exceeds its timeout.
    """
    if not isinstance(provider, TracerProvider):
        return True
    flushed: list[bool] = []
    thread = Thread(
        target=lambda: flushed.append(provider.force_flush(int(timeout_seconds * 1000))),
        name="sightline-flush",
        daemon=True,
    )
    thread.start()
    thread.join(timeout_seconds)
    return any(flushed)


def resource_of(settings: Settings, service: str, version: str = "") -> Resource:
    """Return the resource: variables override detectors, which override the built-in values."""
    built_in: dict[str, AnyValue] = {
        Attribute.SERVICE_NAME: settings.service_name or service,
        "process.runtime.name": platform.python_implementation().lower(),
        "process.runtime.version": platform.python_version(),
        Attribute.HOST_NAME: platform.node(),
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.version": SDK_VERSION,
        "telemetry.distro.name": "sightline",
        "telemetry.distro.version": VERSION,
    }
    if version:
        built_in[Attribute.SERVICE_VERSION] = version
    configured = {key: value for key, value in settings.resource_attributes.items() if value}
    name = str(built_in[Attribute.SERVICE_NAME])[:MAX_KEY_LENGTH]
    service_name = {Attribute.SERVICE_NAME: name, Attribute.SIGHTLINE_JOB: name}
    found = {**built_in, **_detect(settings)}
    bounded = Sanitizer(settings.limits).attributes
    return ProcessResource(bounded(found), configured=bounded({**configured, **service_name}))


class ProcessResource(Resource):
    """Resource whose process attributes are updated after a fork.

    Args:
        detected: Attributes of the process and its host.
        configured: Attributes from environment variables, which override the others.
    """

    def __init__(
        self, detected: Mapping[str, AnyValue], *, configured: Mapping[str, AnyValue]
    ) -> None:
        self._detected = detected
        self._configured = configured
        self.set_process_attributes()
        register_after_fork(self.set_process_attributes)

    def set_process_attributes(self) -> None:
        """Initialize again, because the lock may have been held by another thread at the fork."""
        instance = {Attribute.SERVICE_INSTANCE_ID: str(uuid4())}
        process = {"process.pid": os.getpid()}
        super().__init__({**instance, **self._detected, **process, **self._configured}, SCHEMA_URL)


def _detect(settings: Settings) -> Mapping[str, AnyValue]:
    """Return the attributes of the resource detectors in the settings."""
    if not settings.resource_detectors:
        return {}
    from instrumentation._setup.resource_detectors import detect

    return detect(settings.resource_detectors)


def _sampler(
    settings: Settings, resource: Resource, started: Callable[[str, str], Counter]
) -> RatioSampler:
    parent_based = settings.sampler.startswith("parentbased")
    if settings.disabled or not settings.sampler.endswith("jaeger_remote"):
        return RatioSampler(
            _root_ratio(settings), parent_based=parent_based, started_counter=started
        )
    from instrumentation._sampling.remote import (
        RemoteArguments,
        RemoteSampler,
    )

    return RemoteSampler(
        RemoteArguments.parse(settings.sampler_argument),
        service=str(resource.attributes[Attribute.SERVICE_NAME]),
        parent_based=parent_based,
        started_counter=started,
    )


def _root_ratio(settings: Settings) -> float:
    if settings.sampler.endswith("always_off") or settings.disabled:
        return 0.0
    if settings.sampler.endswith("traceidratio"):
        return float(settings.sampler_argument or 1.0)
    return 1.0


def _span_limits(limits: Limits) -> SpanLimits:
    return SpanLimits(
        max_span_attributes=limits.attributes,
        max_span_attribute_length=limits.attribute_length,
        max_attribute_length=limits.attribute_length,
        max_events=limits.events,
        max_links=limits.links,
        max_event_attributes=limits.event_attributes,
        max_link_attributes=limits.link_attributes,
    )


def _origin(resource: Resource, processor: SpanProcessor, settings: Settings) -> Origin:
    return Origin(
        resource=resource,
        scope=InstrumentationScope(SCOPE, VERSION, SCHEMA_URL),
        processor=processor,
        sanitizer=Sanitizer(settings.limits, settings.secret_parameters),
    )


class RandomIds(RandomIdGenerator):
    """Generator with its own random source, because a service that seeds ``random`` repeats ids.

    The invalid id zero is not excluded: its probability is 2**-64.
    """

    def __init__(self) -> None:
        self._source = Random()  # noqa: S311  ids are no secret
        self.generate_trace_id = partial(self._source.getrandbits, 128)  # type: ignore[method-assign]  # called for every request
        self.generate_span_id = partial(self._source.getrandbits, 64)  # type: ignore[method-assign]  # as above
        register_after_fork(self._reseed)

    def _reseed(self) -> None:
        """Seed again in a forked child, which would repeat the ids of its parent."""
        self._source.seed()
