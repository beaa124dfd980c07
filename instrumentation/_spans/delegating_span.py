"""Span whose input is sanitized, for a release of the SDK whose spans cannot get another class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry import trace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.trace import SpanContext, Status, StatusCode
    from opentelemetry.util.types import AnyValue, Attributes

    from instrumentation._spans.sanitizer import Sanitizer


class DelegatingSpan(trace.Span):
    """Span that sanitizes its input and forwards it to *span*, of the SDK."""

    def __init__(self, span: trace.Span, sanitizer: Sanitizer) -> None:
        self._span = span
        self._sanitizer = sanitizer

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self).get("_span"), name)

    def get_span_context(self) -> SpanContext:
        """See the API."""
        return self._span.get_span_context()

    def is_recording(self) -> bool:
        """See the API."""
        return self._span.is_recording()

    def end(self, end_time: int | None = None) -> None:
        """See the API."""
        self._span.end(end_time)

    def set_attribute(self, key: str, value: AnyValue) -> None:
        """See the API."""
        name, kept = self._sanitizer.attribute(key, value)
        self._span.set_attribute(name, kept)

    def set_attributes(self, attributes: Mapping[str, AnyValue]) -> None:
        """See the API."""
        self._span.set_attributes(self._sanitizer.attributes(attributes) or {})

    def add_event(
        self, name: str, attributes: Attributes = None, timestamp: int | None = None
    ) -> None:
        """See the API."""
        kept = self._sanitizer.attributes(attributes)
        self._span.add_event(self._sanitizer.name(name), kept, timestamp)

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """See the API."""
        self._span.add_link(context, self._sanitizer.attributes(attributes))

    def update_name(self, name: str) -> None:
        """See the API."""
        self._span.update_name(self._sanitizer.name(name))

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """See the API."""
        self._span.set_status(self._sanitizer.status(status, description))

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """See the API."""
        event = self._sanitizer.exception(exception, attributes, escaped=escaped)
        self.add_event("exception", event, timestamp)
