"""The span of a request or WebSocket: whose trace it continues, whether it is sampled."""

from contextvars import Token
from functools import partial
from typing import Final, NamedTuple, Protocol

from opentelemetry.context import Context
from opentelemetry.trace import (
    DEFAULT_TRACE_STATE,
    INVALID_SPAN_CONTEXT,
    Link,
    SpanContext,
    TraceState,
)

from instrumentation._sampling.sampler import HeadSampler
from instrumentation._server.attributes import ServerAttributes
from instrumentation._server.entry import own_context, traced_outside
from instrumentation._server.fastapi_telemetry import NATIVE, context_key
from instrumentation._spans.context import FLAGS, SPAN_KEY, attach, current, span_context
from instrumentation._spans.propagation import BAGGAGE as BAGGAGE_HEADER
from instrumentation._spans.propagation import (
    TRACEPARENT,
    TRACESTATE,
    is_plain_and_unsampled,
    remote_parent,
    remote_parent_of,
    with_baggage,
)
from instrumentation._spans.propagators import BAGGAGE, TRACECONTEXT, Propagators
from instrumentation._spans.span import Origin, RequestSpan
from instrumentation._spans.trust import Trusted
from instrumentation._spans.unrecorded import UnrecordedSpan
from instrumentation._support.asgi_types import Scope

NO_LINKS: Final[tuple[Link, ...]] = ()

Named = dict[bytes, bytes]
"""Headers by name; of those that come twice, the last."""


class Watched(Protocol):
    """A request or WebSocket."""

    method: str
    span: RequestSpan | None
    """None: not sampled."""
    entered: RequestSpan | UnrecordedSpan | None
    """The span that is current while the app runs."""
    token: Token[Context] | None
    """Takes the span out of the context again."""


class Ids(Protocol):
    """Generator of ids, as the SDK defines it."""

    def generate_trace_id(self) -> int:
        """Return a new trace id."""

    def generate_span_id(self) -> int:
        """Return a new span id."""


class SpanSource(Protocol):
    """Origin, sampler and ids of one service's spans."""

    @property
    def origin(self) -> Origin:
        """Resource, scope, processor and limits of each span."""

    @property
    def sampler(self) -> HeadSampler:
        """Decides before a span is made."""

    @property
    def ids(self) -> Ids:
        """Makes trace and span ids."""

    @property
    def random(self) -> int:
        """The flag of random trace ids, or 0. Source: W3C Trace Context level 2."""


class Caller(NamedTuple):
    """What the headers said of who calls."""

    context: Context
    """With the caller's baggage."""
    parent: SpanContext | None
    links: tuple[Link, ...]


class ServerSpans:
    """Starts spans and makes them current.

    Args:
        source: Origin, sampler and ids of the spans.
        attributes: What they say of their request.
        trusted: Whose trace is continued.
        context: What every request's context starts from.
        propagators: What is read from headers.
    """

    def __init__(
        self,
        source: SpanSource,
        *,
        attributes: ServerAttributes,
        trusted: Trusted,
        context: Context,
        propagators: Propagators,
    ) -> None:
        self._origin = source.origin
        self._sampler = source.sampler
        self._new_trace_id = source.ids.generate_trace_id
        self._new_span_id = source.ids.generate_span_id
        self._random = source.random
        self._attributes = attributes
        self._trusted = trusted
        self._context = context
        self._reads_trace = TRACECONTEXT in propagators.ours
        self._reads_baggage = BAGGAGE in propagators.ours
        self._foreign_parent = propagators.foreign_parent

    def start(self, watched: Watched, scope: Scope, named: Named) -> None:
        """Start the span of *watched*, unless a layer outside has done so."""
        context, ambient = self._context, current()
        if ambient:
            if traced_outside(scope):
                return
            context = own_context(context, ambient)
        header = named.get(TRACEPARENT)
        if header is None and BAGGAGE_HEADER not in named and self._foreign_parent is None:
            span = self._begun(watched, scope, named, None, NO_LINKS)
        elif header is not None and self._dropped_by_caller(header, scope, named):
            span = UnrecordedSpan(partial(self._child_of, header))
        else:
            context, parent, links = self._caller(scope, named, context)
            span = self._begun(watched, scope, named, parent, links)
        if watched.span is not None:
            self._origin.processor.on_start(watched.span, context)  # type: ignore[arg-type]  # as much of one as they use
        watched.entered = span
        entered = {**context, SPAN_KEY: span}
        record = scope.get(NATIVE)
        if record is not None:
            entered[context_key()] = record
        watched.token = attach(Context(entered))

    def _dropped_by_caller(self, header: bytes, scope: Scope, named: Named) -> bool:
        """Whether nothing has to be read but that the caller's span is not sampled: counted."""
        count = self._sampler.dropped_with_parent
        if count is None or not (
            self._reads_trace
            and is_plain_and_unsampled(header)
            and BAGGAGE_HEADER not in named
            and TRACESTATE not in named
            and len(named) == len(scope["headers"])
            and self._trusted(scope)
        ):
            return False
        count()
        return True

    def _child_of(self, header: bytes) -> SpanContext:
        parent = remote_parent([(TRACEPARENT, header)]) or INVALID_SPAN_CONTEXT
        return self._unsampled(parent.trace_id, parent.trace_flags & 2, parent.trace_state)

    def _unsampled(self, trace_id: int, random: int, state: TraceState) -> SpanContext:
        return span_context((trace_id, self._new_span_id(), False, FLAGS[random], state, True))

    def _caller(self, scope: Scope, named: Named, context: Context) -> Caller:
        """The caller's baggage and span; a caller who is not trusted is linked to, no more."""
        headers = scope["headers"]
        if not isinstance(headers, list):
            headers = list(headers)
        parent = remote_parent_of(named, headers) if self._reads_trace else None
        if parent is None and self._foreign_parent is not None:
            parent = self._foreign_parent(headers)
        if not self._trusted(scope):
            return Caller(context, None, (Link(parent),) if parent else NO_LINKS)
        if self._reads_baggage and BAGGAGE_HEADER in named:
            context = with_baggage(headers, context)
        return Caller(context, parent, NO_LINKS)

    def _begun(
        self,
        watched: Watched,
        scope: Scope,
        named: Named,
        parent: SpanContext | None,
        links: tuple[Link, ...],
    ) -> RequestSpan | UnrecordedSpan:
        """A recording span, or one that only passes the context on: sampling comes first."""
        if parent is None:
            trace_id, random, state = self._new_trace_id(), self._random, DEFAULT_TRACE_STATE
        else:
            trace_id, _, _, flags, state, _ = parent
            random = flags & 2
        method, sampler = watched.method, self._sampler
        name = f"{method} {scope['path']}" if sampler.reads_name else method
        if not sampler.samples(trace_id, parent, name):
            return UnrecordedSpan(partial(self._unsampled, trace_id, random, state))
        flags = FLAGS[random | 1]
        own = span_context((trace_id, self._new_span_id(), False, flags, state, True))
        groups = self._attributes.of(scope, method, named)
        span = RequestSpan(self._origin, method, own, parent, groups, links)
        watched.span = span
        return span
