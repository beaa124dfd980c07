"""Tracers of the SDK whose spans are limited in size and redacted.

The SDK limits only attributes: neither names and descriptions nor the total size of an array. It
truncates stack traces at an arbitrary position.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode

from instrumentation._spans.sdk_access import SDKSpan, replace_class, share_lock
from instrumentation._support.fork import new_lock
from instrumentation._support.opentelemetry_access import span_manager

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opentelemetry.context import Context
    from opentelemetry.util.types import AnyValue, Attributes

    from instrumentation._spans.sanitizer import Sanitizer


class LimitedTracer(trace.Tracer):
    """Tracer that starts spans of *tracer* sanitized by *sanitizer*."""

    def __init__(self, tracer: trace.Tracer, sanitizer: Sanitizer) -> None:
        self._tracer = tracer
        self._sanitizer = sanitizer
        self._lock: Any = new_lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self).get("_tracer"), name)

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> trace.Span:
        """See the API."""
        sanitizer = self._sanitizer
        span = self._tracer.start_span(
            name
            if type(name) is str and len(name) <= sanitizer.short_length
            else sanitizer.name(name),
            context,
            kind,
            attributes if sanitizer.is_small(attributes) else sanitizer.attributes(attributes),
            [sanitizer.link(link) for link in links] if links else (),
            start_time,
            record_exception,
            set_status_on_exception,
        )
        if type(span) is not SDKSpan:
            return span
        # The SDK cannot create spans of another class.
        if not replace_class(span, LimitedSpan):
            from instrumentation._spans.delegating_span import DelegatingSpan

            return DelegatingSpan(span, sanitizer)
        span.sanitizer = sanitizer  # type: ignore[attr-defined]  # its class was replaced
        share_lock(span, self._lock)
        return span

    @span_manager
    def start_as_current_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> Iterator[trace.Span]:
        """See the API."""
        span = self.start_span(
            name,
            context,
            kind,
            attributes,
            links,
            start_time,
            record_exception,
            set_status_on_exception,
        )
        with trace.use_span(
            span,
            end_on_exit=end_on_exit,
            record_exception=record_exception,
            set_status_on_exception=set_status_on_exception,
        ):
            yield span


_set_attribute: Final = SDKSpan.set_attribute
"""Bound once because ``super()`` takes as long as the rest of a call."""


class LimitedSpan(SDKSpan):
    """Span of the SDK that sanitizes its input."""

    sanitizer: Sanitizer

    def set_attribute(self, key: str, value: AnyValue) -> None:
        """See the API."""
        sanitizer = self.sanitizer
        if type(value) is not int and (
            type(value) is not str or len(value) > sanitizer.short_length
        ):
            value = sanitizer.value(value)
        if type(key) is not str or len(key) > sanitizer.short_length:
            key = sanitizer.key(key)
        _set_attribute(self, key, value)

    def set_attributes(self, attributes: Mapping[str, AnyValue]) -> None:
        """See the API."""
        is_small = self.sanitizer.is_small(attributes)
        super().set_attributes(attributes if is_small else self.sanitizer.attributes(attributes))

    def add_event(
        self, name: str, attributes: Attributes = None, timestamp: int | None = None
    ) -> None:
        """See the API."""
        kept = self.sanitizer.attributes(attributes)
        super().add_event(self.sanitizer.name(name), kept, timestamp)

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """See the API."""
        super().add_link(context, self.sanitizer.attributes(attributes))

    def update_name(self, name: str) -> None:
        """See the API."""
        super().update_name(self.sanitizer.name(name))

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """See the API."""
        super().set_status(self.sanitizer.status(status, description))

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """See the API."""
        event = self.sanitizer.exception(exception, attributes, escaped=escaped)
        self.add_event("exception", event, timestamp)


def limit_tracer(tracer: trace.Tracer, sanitizer: Sanitizer) -> trace.Tracer:
    """Return a tracer whose spans are sanitized: *tracer* itself if it already is one."""
    return tracer if isinstance(tracer, LimitedTracer) else LimitedTracer(tracer, sanitizer)
