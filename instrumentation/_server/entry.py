"""Context of an entry point, and detection of outer middleware that traces the same request.

An entry point is an HTTP request, a WebSocket, a gRPC call or a message. The ambient context may
belong to an earlier request of the same connection, because asyncio copies the current context when
a service resumes reading a body. Therefore the caller's span and baggage are read from the headers
only, and outer middleware is detected by keys of the scope.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from importlib import import_module
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import baggage
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind

from instrumentation._server.fastapi_telemetry import RECORD_KEY
from instrumentation._spans.propagators import PROPAGATORS_KEY
from instrumentation._support.on_import import call_when_imported
from instrumentation._support.opentelemetry_access import (
    CLIENTS_KEY,
    RESENDS_KEY,
    SPAN_KEY,
    SUPPRESSION_KEYS,
    TEMPLATE_KEY,
    attach,
    get_current,
)

if TYPE_CHECKING:
    from contextvars import Token

    from instrumentation._support.asgi_types import Scope
    from instrumentation._support.guard import Guard
    from instrumentation.settings import Trust


TELEMETRY_KEY: Final = "instrumentation.telemetry"
"""Scope key of the pipeline that handles the connection."""

UNRECORDED_KEY: Final = "instrumentation.unrecorded"
"""Scope key of the pipeline that handles the connection without a span."""

TRACED_KEY: Final = "instrumentation.traced"
"""Scope key of requests with a current SERVER span of outer middleware.

A service may set it to true in its own middleware.
"""

CONTRIB_MODULE: Final = "opentelemetry.instrumentation.asgi"
"""Module of the contrib middleware."""

CALL_KEYS: Final = frozenset(
    {
        SPAN_KEY,
        next(iter(baggage.set_baggage("name", "value", Context()))),
        *SUPPRESSION_KEYS,
        "suppress_instrumentation",  # set by contrib in addition to the API's key
        CLIENTS_KEY,
        TEMPLATE_KEY,
        RESENDS_KEY,
        PROPAGATORS_KEY,
    }
)
"""Context keys of one call or one service. An entry point drops them from the ambient context.

It keeps all other keys, which belong to the application: outer middleware may have set them.
Without telemetry, uvicorn copies them to the next request as well.
"""


def entry_context(base: Context, ambient: Context) -> Context:
    """Return *base* and the application's keys of *ambient*.

    If *ambient* belongs to a finished request, the result also becomes the current context. The
    server may run more code in it, such as the log line of an unhandled exception.
    """
    kept = {key: value for key, value in ambient.items() if key not in CALL_KEYS}
    context = Context({**kept, **base})
    if getattr(ambient.get(SPAN_KEY), "app_returned", False):
        attach(context)
    return context


def has_outer_span(scope: Scope) -> bool:
    """Return true when outer middleware has made the SERVER span of this request current."""
    if TRACED_KEY not in scope and (_has_sightline_span(scope) or _has_fastapi_span(scope)):
        scope[TRACED_KEY] = True
    return TRACED_KEY in scope


def _has_sightline_span(scope: Scope) -> bool:
    outer = scope.get(TELEMETRY_KEY)
    return outer is not None and outer.makes_spans and scope.get(UNRECORDED_KEY) is not outer


def _has_fastapi_span(scope: Scope) -> bool:
    return getattr(scope.get(RECORD_KEY), "span", None) is not None


class Entry:
    """Contexts of the entry points of one service.

    Args:
        base: Context values of the service.
    """

    def __init__(self, base: Context) -> None:
        self.base = base

    def context(self) -> Context:
        """Return a context without a caller."""
        return entry_context(self.base, get_current())

    def isolate(self, scope: Scope) -> Token[Context] | None:
        """Leave the ambient context unless outer middleware has created it for this request.

        Returns:
            Token that restores the ambient context; None when it was kept.
        """
        ambient = get_current()
        if not ambient or has_outer_span(scope):
            return None
        return attach(entry_context(self.base, ambient))


def mark_contrib_spans(guard: Guard) -> None:
    """Patch the contrib middleware so that it sets `TRACED_KEY` when it starts a SERVER span."""
    operation = guard.operation("contrib_mark")

    def mark(
        _middleware: object, span: object, _name: str, scope: Scope, *_details: object
    ) -> None:
        if getattr(span, "kind", None) is SpanKind.SERVER:
            scope[TRACED_KEY] = True

    def wrap(get_send: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(get_send)
        def wrapper(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401  contrib has no types
            with operation:
                mark(*arguments, **options)
            return get_send(*arguments, **options)

        return wrapper

    def patch() -> None:
        from instrumentation._support.patch import patch_method

        with operation:
            contrib = import_module(CONTRIB_MODULE).OpenTelemetryMiddleware
            # The only function with access to both the span and the scope. It is private.
            patch_method(contrib, "_get_otel_send", wrap)

    call_when_imported(CONTRIB_MODULE, patch)


TrustCheck = Callable[[Mapping[str, Any]], bool]


def trust_check(trust: Trust) -> TrustCheck:
    """Return a check of a scope's client. No network contains a client without an address."""
    if trust == "always":
        return lambda _scope: True
    if trust == "never":
        return lambda _scope: False
    networks = trust

    def in_networks(scope: Mapping[str, Any]) -> bool:
        client = scope.get("client")
        try:
            address = ip_address(client[0]) if client else None
        except ValueError:  # a Unix socket's path
            return False
        # A dual-stack server reports IPv4 clients as ::ffff:10.1.2.3.
        address = getattr(address, "ipv4_mapped", None) or address
        return address is not None and any(address in network for network in networks)

    return in_networks
