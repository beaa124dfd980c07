"""Interfaces between the parts of the server side, for type checkers only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Token

    from opentelemetry.context import Context
    from opentelemetry.trace import SpanContext

    from instrumentation._server.asgi import ExcludedPaths
    from instrumentation._server.entry import Entry
    from instrumentation._server.request import Requests
    from instrumentation._server.spans import HeaderMap, UnrecordedSpan
    from instrumentation._spans.span import Origin, RequestSpan
    from instrumentation._support.asgi_types import Scope
    from instrumentation._support.guard import Guard


class ServicePipeline(Protocol):
    """Parts of one service's telemetry that the middleware uses."""

    @property
    def engine(self) -> str:
        """Name of the engine that creates server spans."""

    excluded_paths: ExcludedPaths
    entry: Entry
    guard: Guard
    requests: Requests

    def start(self) -> None:
        """Start background work on the running event loop."""

    async def stop(self) -> None:
        """Flush queued telemetry, because the server may exit afterwards."""


class ServerConnection(Protocol):
    """Request or WebSocket."""

    method: str
    span: RequestSpan | None
    """Recording span; None when not sampled."""
    current_span: RequestSpan | UnrecordedSpan | None
    """Span that is current while the app runs."""
    token: Token[Context] | None
    """Token that restores the previous context."""


class Ids(Protocol):
    """Generator of ids with the SDK's interface."""

    def generate_trace_id(self) -> int:
        """Return a new trace id."""

    def generate_span_id(self) -> int:
        """Return a new span id."""


class SpanSource(Protocol):
    """Origin, sampler and ids of one service's spans."""

    @property
    def origin(self) -> Origin:
        """Common parts of all spans."""

    @property
    def sampler(self) -> HeadSampler:
        """Head sampler."""

    @property
    def ids(self) -> Ids:
        """Generator of trace and span ids."""

    @property
    def random(self) -> int:
        """Flag of random trace ids, or 0. Source: W3C Trace Context level 2."""


class Spans(Protocol):
    """Starter of the span of a request or WebSocket."""

    def start(self, connection: ServerConnection, scope: Scope, header_map: HeaderMap) -> None:
        """Start the span of *connection* and attach its context."""


class HeadSampler(Protocol):
    """Sampler of server spans; decides before the request's attributes are read."""

    needs_name: bool
    """True when the decision depends on the name; otherwise the name is not built."""
    count_unsampled_child: Callable[[], None] | None
    """Function that counts a span dropped because its remote parent is not sampled.
    None when the parent's decision does not apply."""

    def is_sampled(self, trace_id: int, parent: SpanContext | None, name: str) -> bool:
        """Return whether the span is recorded and exported."""


class NativeRequest(Protocol):
    """FastAPI's record of one request, filled in by its router and handlers."""

    route: str | None
    data: object | None
    span: object | None
    failed: bool
    """True when it holds exceptions. Only Sightline's own record class has this field."""
    _mount_prefix: str
    _exceptions: list[BaseException]
