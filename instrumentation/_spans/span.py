"""The span of a request: what the SDK's span is to its processors, at a tenth of the cost."""

from collections.abc import Callable, Mapping, Sequence
from time import time_ns

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.util.types import AnyValue, Attributes

from instrumentation._otlp.attribute_group import AttributeGroup
from instrumentation._otlp.outcome import UNSET, Outcome
from instrumentation._spans.sanitizer import Sanitizer
from instrumentation._support.fork import new_lock


class Origin:
    """What all spans of one service share.

    Args:
        resource: Who emits.
        scope: Ours.
        processor: Takes the spans.
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
        # One for all spans: cheaper than a lock for each, and renewed by a fork.
        self.lock = new_lock()


class RequestSpan(ReadableSpan, Span):
    """A recording span that any span processor and exporter of the SDK accepts as it is.

    Its own attributes come in groups, which are taken over unchecked. What the service adds is
    cleaned and bounded as in the SDK, before the lock is taken: a value may be any object.
    """

    _context: SpanContext
    _start_time: int

    # What a span starts with, until something is written over it.
    _events: Sequence[Event] = ()
    _links: Sequence[Link] = ()
    _status = UNSET
    _end_time: int | None = None
    _kind = SpanKind.SERVER
    _instrumentation_info = None
    _renamed = _touched = False
    _dropped_attributes = _dropped_events = _dropped_links = 0
    given: dict[str, AnyValue] | None = None
    """Attributes that the service gave; they win over those of the groups."""
    _room = 0  # for attributes of the service
    left = False
    """True once the app has returned, so that its context belongs to no request any more."""
    closing = b""
    """Name and status as they are sent; empty where the service added to its span."""

    def __init__(  # noqa: PLR0913, PLR0917  the hot path pays for keywords and for a dataclass
        self,
        origin: Origin,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        groups: list[AttributeGroup],
        links: Sequence[Link] = (),
    ) -> None:
        # The fields that ReadableSpan's properties and to_json() read; its own __init__ would
        # cost more than all of this.
        self._name = name
        self._context = context
        self._parent = parent
        self.groups = groups
        if links:
            self._links, self._touched = list(links), True
        self._resource = origin.resource
        self._instrumentation_scope = origin.scope
        self._origin = origin
        self._start_time = origin.clock()

    @property
    def _attributes(self) -> dict[str, AnyValue]:  # type: ignore[override]  # all of them, for ReadableSpan
        found: dict[str, AnyValue] = {}
        for group in self.groups:
            found |= group.attributes
        found.update(self.given or ())
        return found

    @property
    def dropped_attributes(self) -> int:
        """Attributes over the limit."""
        return self._dropped_attributes

    @property
    def dropped_events(self) -> int:
        """Events over the limit."""
        return self._dropped_events

    @property
    def dropped_links(self) -> int:
        """Links over the limit."""
        return self._dropped_links

    def get_span_context(self) -> SpanContext:
        """Ids and flags."""
        return self._context

    def is_recording(self) -> bool:
        """Whether the span still takes attributes and events."""
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
        self._touched = True
        limits = self._origin.limits
        if self.given is None:
            self.given = {}
            self._room = limits.attributes - sum(len(group.attributes) for group in self.groups)
        if len(self.given) >= self._room and name not in self._attributes:
            self._dropped_attributes += 1
            return
        self.given[name] = value

    def add_event(
        self, name: str, attributes: Attributes = None, timestamp: int | None = None
    ) -> None:
        """Add an event; the oldest give way once there are too many."""
        limits, sanitizer = self._origin.limits, self._origin.sanitizer
        kept = sanitizer.attributes(attributes, limits.event_attributes)
        events = [Event(sanitizer.name(name), kept, timestamp or self._origin.clock())]
        with self._origin.lock:
            if self._end_time is None:
                self._touched = True
                if self._events:
                    self._events += events  # type: ignore[operator]  # a list, as below
                else:
                    self._events = events
                self._dropped_events += _shortened(self._events, limits.events)

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Add a link to another span."""
        limits = self._origin.limits
        links = [self._origin.sanitizer.link(Link(context, attributes))]
        with self._origin.lock:
            if self._end_time is None:
                self._touched = True
                if self._links:
                    self._links += links  # type: ignore[operator]  # a list, as above
                else:
                    self._links = links
                self._dropped_links += _shortened(self._links, limits.links)

    def update_name(self, name: str) -> None:
        """Give the span another name."""
        new = self._origin.sanitizer.name(name)
        with self._origin.lock:
            if self._end_time is None:
                self._name = new
                self._renamed = self._touched = True

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set the status: OK is final, UNSET changes nothing."""
        given = status if isinstance(status, Status) else Status(status, description)
        new = self._origin.sanitizer.status(given)
        with self._origin.lock:
            settled = self._status.status_code is StatusCode.OK or self._end_time is not None
            if not settled and new.status_code is not StatusCode.UNSET:
                self._status = new
                self._touched = True

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: FBT001, FBT002  the API's signature
    ) -> None:
        """Add the exception as an event. Source: semantic conventions, "Exceptions in spans"."""
        event = self._origin.sanitizer.exception(exception, escaped=escaped)
        self.add_event("exception", {**event, **(attributes or {})}, timestamp)

    def time_after(self, duration: float) -> int:
        """Nanoseconds since 1970, *duration* seconds after the start."""
        return self._start_time + int(duration * 1e9)

    def complete(self, outcome: Outcome, duration: float) -> None:
        """End with what the response told; a name or status that the service set stays.

        Args:
            outcome: What the response told.
            duration: Seconds since the start, by a clock that only runs forward.
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
            if not self._touched:
                self.closing = outcome.closing
            self._end_time = self._start_time + int(duration * 1e9)
        finally:
            lock.release()
        self._origin.processor.on_end(self)

    def end(self, end_time: int | None = None) -> None:
        """End the span and hand it to the processor, once."""
        ends_at = end_time or self._origin.clock()
        with self._origin.lock:
            if self._end_time is not None:
                return
            self._end_time = ends_at
        self._origin.processor.on_end(self)


def _shortened(items: Sequence[object], most: int) -> int:
    """Remove the oldest of *items*, a list, until *most* are left; return how many went."""
    over = max(0, len(items) - most)
    if over:
        del items[:over]  # type: ignore[attr-defined]  # the class has a tuple for the empty one
    return over
