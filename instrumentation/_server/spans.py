"""Start of a server span: parent, sampling and current context."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from opentelemetry.context import Context
from opentelemetry.trace import (
    DEFAULT_TRACE_STATE,
    INVALID_SPAN_CONTEXT,
    Link,
    NonRecordingSpan,
    SpanContext,
    TraceState,
)

from instrumentation._server.entry import entry_context, has_outer_span
from instrumentation._server.fastapi_telemetry import RECORD_KEY, context_key
from instrumentation._spans.propagators import (
    BAGGAGE,
    BAGGAGE_HEADER,
    TRACECONTEXT,
    TRACEPARENT,
    TRACESTATE,
    Propagators,
    is_plain_and_unsampled,
    remote_parent,
    remote_parent_of,
    with_baggage,
)
from instrumentation._spans.span import RequestSpan
from instrumentation._support.cached_property import cached_property
from instrumentation._support.opentelemetry_access import (
    FLAGS,
    SPAN_KEY,
    attach,
    get_current,
    span_context,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from instrumentation._server.attributes import ServerAttributes
    from instrumentation._server.entry import TrustCheck
    from instrumentation._server.protocols import ServerConnection, SpanSource
    from instrumentation._support.asgi_types import Scope


class UnrecordedSpan(NonRecordingSpan):
    """Span that is not recorded. Its ids are generated on first access.

    Args:
        make: Returns the span's context.
    """

    app_returned = False
    """True once the app has returned: contexts with this span no longer belong to a request."""

    def __init__(self, make: Callable[[], SpanContext]) -> None:
        self._make = make

    def get_span_context(self) -> SpanContext:
        """Return ids and flags."""
        return self._made_context

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._made_context!r})"

    @cached_property
    def _made_context(self) -> SpanContext:
        return self._make()


NO_LINKS: Final[tuple[Link, ...]] = ()

HeaderMap = dict[bytes, bytes]
"""Headers by lower-case name; the last of repeated ones."""


Caller = tuple[Context, SpanContext | None, tuple[Link, ...]]
"""Context with the caller's baggage, parent and links, as read from the headers."""


class ServerSpans:
    """Starter of server spans, which become current.

    Args:
        source: Origin, sampler and ids of the spans.
        attributes: Factory of their attributes.
        is_trusted: Check of callers whose trace is continued.
        context: Base context of every request.
        propagators: Readers of the headers.
    """

    def __init__(
        self,
        source: SpanSource,
        *,
        attributes: ServerAttributes,
        is_trusted: TrustCheck,
        context: Context,
        propagators: Propagators,
    ) -> None:
        self._origin = source.origin
        self._sampler = source.sampler
        self._new_trace_id = source.ids.generate_trace_id
        self._new_span_id = source.ids.generate_span_id
        self._random = source.random
        self._attributes = attributes
        self._is_trusted = is_trusted
        self._context = context
        self._reads_trace = TRACECONTEXT in propagators.w3c_names
        self._reads_baggage = BAGGAGE in propagators.w3c_names
        self._foreign_parent = propagators.foreign_parent

    def start(self, connection: ServerConnection, scope: Scope, header_map: HeaderMap) -> None:
        """Start the span of *connection* unless outer middleware has started one."""
        context, ambient = self._context, get_current()
        if ambient:
            if has_outer_span(scope):
                return
            context = entry_context(context, ambient)
        header = header_map.get(TRACEPARENT)
        if header is None and BAGGAGE_HEADER not in header_map and self._foreign_parent is None:
            span = self._create_span(connection, scope, header_map, None, NO_LINKS)
        elif header is not None and self._count_unsampled(header, scope, header_map):
            span = UnrecordedSpan(partial(self._unsampled_child, header))
        else:
            context, parent, links = self._read_caller(scope, header_map, context)
            span = self._create_span(connection, scope, header_map, parent, links)
        if connection.span is not None:
            self._origin.processor.on_start(connection.span, context)  # type: ignore[arg-type]  # with all fields that processors use
        connection.current_span = span
        values = {**context, SPAN_KEY: span}
        record = scope.get(RECORD_KEY)
        if record is not None:
            values[context_key()] = record
        connection.token = attach(Context(values))

    def _count_unsampled(self, header: bytes, scope: Scope, header_map: HeaderMap) -> bool:
        """Count the request and return true when only its unsampled ``traceparent`` matters."""
        count = self._sampler.count_unsampled_child
        if count is None or not (
            self._reads_trace
            and is_plain_and_unsampled(header)
            and BAGGAGE_HEADER not in header_map
            and TRACESTATE not in header_map
            and len(header_map) == len(scope["headers"])
            and self._is_trusted(scope)
        ):
            return False
        count()
        return True

    def _unsampled_child(self, header: bytes) -> SpanContext:
        parent = remote_parent([(TRACEPARENT, header)]) or INVALID_SPAN_CONTEXT
        return self._unsampled_context(parent.trace_id, parent.trace_flags & 2, parent.trace_state)

    def _unsampled_context(self, trace_id: int, random: int, state: TraceState) -> SpanContext:
        return span_context((trace_id, self._new_span_id(), False, FLAGS[random], state, True))

    def _read_caller(self, scope: Scope, header_map: HeaderMap, context: Context) -> Caller:
        """Return the caller's span and baggage; for an untrusted caller, a link to the span."""
        headers = scope["headers"]
        if not isinstance(headers, list):
            headers = list(headers)
        parent = remote_parent_of(header_map, headers) if self._reads_trace else None
        if parent is None and self._foreign_parent is not None:
            parent = self._foreign_parent(headers)
        if not self._is_trusted(scope):
            return context, None, (Link(parent),) if parent else NO_LINKS
        if self._reads_baggage and BAGGAGE_HEADER in header_map:
            context = with_baggage(headers, context)
        return context, parent, NO_LINKS

    def _create_span(
        self,
        connection: ServerConnection,
        scope: Scope,
        header_map: HeaderMap,
        parent: SpanContext | None,
        links: tuple[Link, ...],
    ) -> RequestSpan | UnrecordedSpan:
        """Return a recording span, or a span that only propagates the trace when not sampled."""
        if parent is None:
            trace_id, random, state = self._new_trace_id(), self._random, DEFAULT_TRACE_STATE
        else:
            trace_id, _, _, flags, state, _ = parent
            random = flags & 2
        method, sampler = connection.method, self._sampler
        name = f"{method} {scope['path']}" if sampler.needs_name else method
        if not sampler.is_sampled(trace_id, parent, name):
            return UnrecordedSpan(partial(self._unsampled_context, trace_id, random, state))
        flags = FLAGS[random | 1]
        own_context = span_context((trace_id, self._new_span_id(), False, flags, state, True))
        groups = self._attributes.groups(scope, method, header_map)
        span = RequestSpan(self._origin, method, own_context, parent, groups, links)
        connection.span = span
        return span
