"""Span of a request. The SDK's processors accept it, and it costs a tenth of the SDK's span."""

from __future__ import annotations

from operator import attrgetter
from time import time_ns
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.trace import Event, ReadableSpan, SpanProcessor
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode

from instrumentation._otlp.attribute_group import UNSET, Outcome
from instrumentation._support.fork import new_lock
from instrumentation._support.guard import qualified_name
from instrumentation.conventions import Attribute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.util.types import AnyValue, Attributes

    from instrumentation._otlp.attribute_group import AttributeGroup
    from instrumentation._spans.sanitizer import Sanitizer


class Origin:
    """Common parts of all spans of one service.

    Args:
        resource: Resource of the service.
        scope: Instrumentation scope of this package.
        processor: Receives started and ended spans.
        sanitizer: Limits of a span and secrets in its errors.
        clock: Nanoseconds since 1970.
    """

    __slots__ = ("clock", "limits", "lock", "processor", "resource", "sanitizer", "scope")

    def __init__(
        self,
        *,
        resource: Resource,
        scope: InstrumentationScope,
        processor: SpanProcessor,
        sanitizer: Sanitizer,
        clock: Callable[[], int] = time_ns,
    ) -> None:
        self.resource = resource
        self.scope = scope
        self.processor = processor
        self.limits = sanitizer.limits
        self.sanitizer = sanitizer
        self.clock = clock
        # One lock for all spans: it is cheaper than one per span, and a fork replaces it.
        self.lock = new_lock()


def _public(*names: str) -> Any:
    """Return a property that reads the field, or the tuple of the fields, with these names."""
    return property(attrgetter(*names))


class RequestSpan(ReadableSpan, Span):
    """Recording span for any span processor and exporter of the SDK.

    Sightline's attributes are stored in groups without a check. Attributes of the service are
    sanitized before the lock is taken, because the methods of a value may run arbitrary code.
    """

    _context: SpanContext
    _start_time: int

    # Defaults on the class, so that __init__ writes fewer fields.
    _events: Sequence[Event] = ()
    _links: Sequence[Link] = ()
    _status = UNSET
    _end_time: int | None = None
    _kind = SpanKind.SERVER
    _instrumentation_info = None
    _renamed = _customized = False
    _dropped_attributes = _dropped_events = _dropped_links = 0
    user_attributes: dict[str, AnyValue] | None = None
    """Attributes of the service. They override those of the groups."""
    _max_user_attributes = 0
    app_returned = False
    """True once the app has returned: contexts with this span no longer belong to a request."""
    _awaits_export = False
    encoded_name_and_status = b""
    """Encoded name and status; empty when the service changed the span."""

    def __init__(
        self,
        origin: Origin,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        groups: list[AttributeGroup],
        links: Sequence[Link] = (),
    ) -> None:
        # ReadableSpan.__init__() costs more than all of this. So do keyword arguments.
        self._name = name
        self._context = context
        self._parent = parent
        self.groups = groups
        if links:
            self._links, self._customized = list(links), True
        self._resource = origin.resource
        self._instrumentation_scope = origin.scope
        self._origin = origin
        self._start_time = origin.clock()

    # The properties of the SDK read private fields of its own.
    name: str = _public("_name")
    context: SpanContext = _public("_context")
    kind: SpanKind = _public("_kind")
    parent: SpanContext | None = _public("_parent")
    start_time: int | None = _public("_start_time")
    end_time: int | None = _public("_end_time")
    status: Status = _public("_status")
    resource: Resource = _public("_resource")
    instrumentation_scope: InstrumentationScope | None = _public("_instrumentation_scope")
    head: tuple[SpanContext, int | None, int | None, SpanContext | None] = _public(
        "_context", "_start_time", "_end_time", "_parent"
    )
    """Context, start time, end time and parent, for the encoder."""
    dropped_attributes: int = _public("_dropped_attributes")
    dropped_events: int = _public("_dropped_events")
    dropped_links: int = _public("_dropped_links")

    @property
    def attributes(self) -> Attributes:
        """Attributes of all groups and of the service."""
        return MappingProxyType(self._attributes)

    @property
    def events(self) -> Sequence[Event]:
        """Events, the oldest first."""
        return tuple(self._events)

    @property
    def links(self) -> Sequence[Link]:
        """Links to other spans, the oldest first."""
        return tuple(self._links)

    def to_json(self, indent: int | None = 4) -> str:
        """Return the span as the SDK writes it."""
        span = ReadableSpan(
            self._name,
            self._context,
            parent=self._parent,
            resource=self._resource,
            attributes=self._attributes,
            events=self._events,
            links=self._links,
            kind=self._kind,
            status=self._status,
            start_time=self._start_time,
            end_time=self._end_time,
            instrumentation_scope=self._instrumentation_scope,
        )
        return str(span.to_json(indent))

    @property
    def _attributes(self) -> dict[str, AnyValue]:  # type: ignore[override]  # all attributes, for ReadableSpan
        found: dict[str, AnyValue] = {}
        for group in self.groups:
            found |= group.attributes
        found.update(self.user_attributes or ())
        return found

    def get_span_context(self) -> SpanContext:
        """Return ids and flags."""
        return self._context

    def is_recording(self) -> bool:
        """Return true until the span ends."""
        return self._end_time is None

    def set_attribute(self, key: str, value: AnyValue) -> None:
        """Set one attribute; ignored once the span has ended."""
        origin = self._origin
        name, kept = origin.sanitizer.attribute(key, value)
        with origin.lock:
            self._set(name, kept)

    def set_attributes(self, attributes: Mapping[str, AnyValue]) -> None:
        """Set several attributes; ignored once the span has ended."""
        sanitized = self._origin.sanitizer.attribute
        kept = [sanitized(key, value) for key, value in attributes.items()]
        with self._origin.lock:
            for name, value in kept:
                self._set(name, value)

    def _set(self, name: str, value: AnyValue) -> None:
        if self._end_time is not None or not name:
            return
        self._customized = True
        limits = self._origin.limits
        if self.user_attributes is None:
            self.user_attributes = {}
            self._max_user_attributes = limits.attributes - sum(
                len(group.attributes) for group in self.groups
            )
        if len(self.user_attributes) >= self._max_user_attributes and name not in self._attributes:
            self._dropped_attributes += 1
            return
        self.user_attributes[name] = value

    def add_event(
        self, name: str, attributes: Attributes = None, timestamp: int | None = None
    ) -> None:
        """Add an event and drop the oldest over the limit."""
        limits, sanitizer = self._origin.limits, self._origin.sanitizer
        kept = sanitizer.attributes(attributes, limits.event_attributes)
        events = [Event(sanitizer.name(name), kept, timestamp or self._origin.clock())]
        with self._origin.lock:
            if self._end_time is None:
                self._customized = True
                if self._events:
                    self._events += events  # type: ignore[operator]  # a list, as below
                else:
                    self._events = events
                self._dropped_events += _drop_oldest(self._events, limits.events)

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Add a link to another span and drop the oldest over the limit."""
        limits = self._origin.limits
        links = [self._origin.sanitizer.link(Link(context, attributes))]
        with self._origin.lock:
            if self._end_time is None:
                self._customized = True
                if self._links:
                    self._links += links  # type: ignore[operator]  # a list, as above
                else:
                    self._links = links
                self._dropped_links += _drop_oldest(self._links, limits.links)

    def update_name(self, name: str) -> None:
        """Replace the name of the span."""
        new = self._origin.sanitizer.name(name)
        with self._origin.lock:
            if self._end_time is None:
                self._name = new
                self._renamed = self._customized = True

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set the status. OK is final; UNSET is ignored."""
        new = self._origin.sanitizer.status(status, description)
        with self._origin.lock:
            is_final = self._status.status_code is StatusCode.OK or self._end_time is not None
            if not is_final and new.status_code is not StatusCode.UNSET:
                self._status = new
                self._customized = True

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Add the exception as an event. Source: semantic conventions, "Exceptions in spans"."""
        event = self._origin.sanitizer.exception(exception, attributes, escaped=escaped)
        self.add_event("exception", event, timestamp)

    def time_after(self, duration: float) -> int:
        """Return the time *duration* seconds after the start, in nanoseconds since 1970."""
        return self._start_time + int(duration * 1e9)

    def complete(self, outcome: Outcome, duration: float) -> None:
        """End the span with *outcome*; `export` passes it to the processor.

        A name or status that the service set is kept.

        Args:
            outcome: Name, status and last attributes.
            duration: Seconds since the start, by a monotonic clock.
        """
        lock = self._origin.lock
        lock.acquire()  # see _metrics/histogram.py
        try:
            if self._end_time is not None:
                return
            if not self._renamed:
                self._name = outcome.name
            if self._status is UNSET:
                self._status = outcome.status
            self.groups.append(outcome)
            if not self._customized:
                self.encoded_name_and_status = outcome.encoded_name_and_status
            self._end_time = self._start_time + int(duration * 1e9)
            self._awaits_export = True
        finally:
            lock.release()

    def add_failure(self, error: BaseException) -> None:
        """Add *error*, which followed the end of the span, unless the span was exported."""
        end_time = self._end_time
        if not self._awaits_export:
            return
        self.encoded_name_and_status = b""
        self._end_time = None
        try:
            self.record_exception(error)
            self.set_attribute(Attribute.ERROR_TYPE, qualified_name(error))
            self.set_status(StatusCode.ERROR)
        finally:
            self._end_time = end_time

    def export(self) -> None:
        """Pass a completed span to the processor, once."""
        if self._awaits_export:
            self._awaits_export = False
            self._origin.processor.on_end(self)

    def end(self, end_time: int | None = None) -> None:
        """End the span and pass it to the processor, once."""
        ends_at = end_time or self._origin.clock()
        with self._origin.lock:
            if self._end_time is not None:
                return
            self._end_time = ends_at
        self._origin.processor.on_end(self)


def _drop_oldest(items: Sequence[object], limit: int) -> int:
    """Remove the oldest of *items*, a list, over *limit*; return the number of removed ones."""
    over = max(0, len(items) - limit)
    if over:
        del items[:over]  # type: ignore[attr-defined]  # the class's empty tuple is never over the limit
    return over
