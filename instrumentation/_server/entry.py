"""The context of an entry point, and the layers outside that trace the same request.

An entry point is an HTTP request, a WebSocket, a gRPC call or a message.
The ambient context says nothing about its caller: a server may run it in the context of an earlier
request of the same connection, because asyncio copies the current context when a service resumes
reading a body.
So the span and the baggage come from the caller's headers alone, and the scope tells of a layer
outside.
"""

from collections.abc import Callable
from contextvars import Token
from functools import wraps
from importlib import import_module
from typing import Any, Final

from opentelemetry import baggage
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind

from instrumentation._clients.call import CLIENTS, SUPPRESSED
from instrumentation._server.fastapi_telemetry import NATIVE
from instrumentation._spans.context import SPAN_KEY, attach, current
from instrumentation._spans.propagators import PROPAGATORS
from instrumentation._support.asgi_types import Scope
from instrumentation._support.guard import Guard
from instrumentation._support.on_import import when_imported
from instrumentation._support.patch import patched

OURS: Final = "instrumentation.telemetry"
"""Scope key of the telemetry that watches the connection."""

UNRECORDED: Final = "instrumentation.unrecorded"
"""Scope key of the telemetry that watches the connection and makes no span of the request."""

TRACED: Final = "instrumentation.traced"
"""Scope key of requests whose SERVER span a layer outside has made current.

A service may set it to true in a middleware of its own.
"""

CONTRIB: Final = "opentelemetry.instrumentation.asgi"
"""Module of contrib's middleware."""

CALL_KEYS: Final = frozenset(
    {
        SPAN_KEY,
        next(iter(baggage.set_baggage("name", "value", Context()))),
        *SUPPRESSED,
        "suppress_instrumentation",  # contrib sets this one beside the API's
        CLIENTS,
        PROPAGATORS,
    }
)
"""Context keys of one call or one service. No entry point takes them from the ambient context.

Every other key belongs to the application, and an entry point keeps it: the key may come from a
middleware outside, and uvicorn hands it to the next request without telemetry as well.
"""


def own_context(base: Context, ambient: Context) -> Context:
    """Return *base* and the keys of the application in *ambient*.

    The ambient context of a request that is over is left for good, because the server may run code
    after this one, such as the log line of an unhandled exception.
    """
    kept = {key: value for key, value in ambient.items() if key not in CALL_KEYS}
    context = Context({**kept, **base})
    if getattr(ambient.get(SPAN_KEY), "left", False):
        attach(context)
    return context


def traced_outside(scope: Scope) -> bool:
    """Return true when a layer outside has made the SERVER span of this request current."""
    if TRACED not in scope and (_traced_by_sightline(scope) or _traced_by_fastapi(scope)):
        scope[TRACED] = True
    return TRACED in scope


def _traced_by_sightline(scope: Scope) -> bool:
    outer = scope.get(OURS)
    return outer is not None and outer.makes_spans and scope.get(UNRECORDED) is not outer


def _traced_by_fastapi(scope: Scope) -> bool:
    return getattr(scope.get(NATIVE), "span", None) is not None


class Entry:
    """Start of what one service is asked to do.

    Args:
        base: Context values of the service.
    """

    def __init__(self, base: Context) -> None:
        self.base = base

    def context(self) -> Context:
        """Return a context without a caller."""
        return own_context(self.base, current())

    def isolate(self, scope: Scope) -> Token[Context] | None:
        """Leave the ambient context, unless a layer outside has made it for this request.

        Returns:
            The token that goes back; None when the context stays as it is.
        """
        ambient = current()
        if not ambient or traced_outside(scope):
            return None
        return attach(own_context(self.base, ambient))


def watch_contrib(guard: Guard) -> None:
    """Make contrib's middleware mark the requests whose SERVER span it has started."""
    marking = guard.operation("contrib_mark")

    def mark(_middleware: object, span: object, _name: str, scope: Scope, *_more: object) -> None:
        if getattr(span, "kind", None) is SpanKind.SERVER:
            scope[TRACED] = True

    def wrap(get_send: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(get_send)
        def marked(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401  contrib has no types
            with marking:
                mark(*arguments, **named)
            return get_send(*arguments, **named)

        return marked

    def patch() -> None:
        with marking:
            contrib = import_module(CONTRIB).OpenTelemetryMiddleware
            # It is private, and the only place that sees both the span and the scope.
            patched(contrib, "_get_otel_send", wrap)

    when_imported(CONTRIB, patch)
