"""Access to parts of OpenTelemetry's SDK that are not part of its public API.

The SDK cannot create spans of another class, its locks are neither reentrant nor replaced after a
fork, and its public properties copy lists under these locks. Each fact is checked once at import,
or when it is used. If one no longer holds, the SDK's public API is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from instrumentation._support.fork import new_lock

Fields = tuple[
    SpanContext,
    int | None,
    int | None,
    SpanContext | None,
    str,
    SpanKind,
    Status,
    Sequence[Event],
    Sequence[Link],
]
"""Context, start and end time, parent, name, kind, status, events and links of a span."""

_FIELDS: Final = (
    *("_context", "_start_time", "_end_time", "_parent", "_name", "_kind", "_status"),
    *("_events", "_links"),
)
_ATTRIBUTES: Final = "_attributes"
_LOCKS: Final = ("_tracers_lock", "_logger_cache_lock", "_active_loggers_lock")


def has_private_fields(span: ReadableSpan) -> bool:
    """Return True when the private fields of *span* equal its public properties."""
    try:
        return all(
            getattr(span, field) == getattr(span, field.removeprefix("_"))
            for field in (*_FIELDS, _ATTRIBUTES)
        )
    except AttributeError:
        return False


def _probe_span() -> ReadableSpan:
    flags = TraceFlags(TraceFlags.SAMPLED)
    return ReadableSpan(
        "probe",
        SpanContext(1, 2, is_remote=False, trace_flags=flags),
        parent=SpanContext(1, 3, is_remote=True, trace_flags=flags),
        resource=Resource({}),
        attributes={"key": "value"},
        kind=SpanKind.CLIENT,
        status=Status(StatusCode.ERROR, "probe"),
        start_time=4,
        end_time=5,
    )


_PREFIX: Final = "" if has_private_fields(_probe_span()) else "_"
"""Prefix that is removed from the names of the fields."""

read_fields: Callable[[ReadableSpan], Fields] = attrgetter(
    *(name.removeprefix(_PREFIX) for name in _FIELDS)
)
"""Return the fields of an ended span. Its lists may be the SDK's, see `has_items`."""

_read_attributes: Callable[[ReadableSpan], Any] = attrgetter(_ATTRIBUTES.removeprefix(_PREFIX))


def copy_attributes(span: ReadableSpan) -> Mapping[str, Any]:
    """Return a copy of the attributes of *span*.

    Iterating the SDK's mapping takes ten times as long.
    """
    values = _read_attributes(span)
    copied: Mapping[str, Any] = values.copy() if values is not None else {}
    return copied


def has_items(items: Sequence[object]) -> bool:
    """Return True when *items* is not empty, without the lock of the SDK's lists if possible."""
    return bool(getattr(items, "_dq", items))


def _span_class() -> type[Span]:
    """Return the class of the SDK's spans, which is not public."""
    found: type[Span] | None = getattr(sdk, "_Span", None)
    if found is not None:
        return found
    provider = TracerProvider(sampler=ALWAYS_ON, resource=Resource({}), shutdown_on_exit=False)
    created = type(provider.get_tracer("probe").start_span("probe"))
    return created if issubclass(created, Span) else Span


if TYPE_CHECKING:
    SDKSpan = Span
else:
    SDKSpan = _span_class()
    """Class of the spans that the SDK's tracers create."""


def share_lock(span: Any, lock: Any) -> None:
    """Replace the locks of *span*, because a finalizer may use it while one of them is held.

    A span of a release with other fields keeps the SDK's locks.
    """
    try:
        for part in (span, span._attributes, span._events, span._links):
            part._lock = lock
    except AttributeError:
        return


def replace_class(span: Any, new: type[Span]) -> bool:
    """Make *span* an instance of *new*, a subclass of `SDKSpan`; return False if it cannot be."""
    try:
        span.__class__ = new
    except TypeError:  # the SDK's class has slots
        return False
    return True


def processor_of(provider: TracerProvider) -> SpanProcessor | None:
    """Return the processor that passes spans to all processors of *provider*; None if unknown."""
    found = getattr(provider, "_active_span_processor", None)
    return found if isinstance(found, SpanProcessor) else None


class ForkSafe:
    """Base of a provider of the SDK, whose locks become reentrant and are reset after a fork.

    It precedes the SDK's class. A release with other names keeps its locks and its own hook, which
    detects the resource again, see `_support.fork`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name in _LOCKS:
            if hasattr(self, name):
                setattr(self, name, new_lock())

    def _handle_fork(self) -> None:
        """Do nothing, instead of detecting the resource again."""
