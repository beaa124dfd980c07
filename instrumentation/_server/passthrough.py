"""Requests without a span of Sightline. Their context is the caller's or empty.

Source: OpenTelemetry, "General SDK Configuration": OTEL_SDK_DISABLED has no effect on propagators.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from instrumentation._server.entry import TrustCheck
    from instrumentation._server.protocols import ServerConnection
    from instrumentation._server.spans import HeaderMap
    from instrumentation._spans.propagators import Propagators
    from instrumentation._support.asgi_types import Scope

from instrumentation._server.entry import Entry, entry_context, has_outer_span
from instrumentation._support.opentelemetry_access import attach, get_current


class Passthrough:
    """Propagation of the caller's context while the SDK is disabled.

    Args:
        propagators: Readers of the headers.
        is_trusted: Check of callers whose context is continued.
        entry: Contexts of requests without a caller.
    """

    def __init__(self, propagators: Propagators, *, is_trusted: TrustCheck, entry: Entry) -> None:
        self._extract = propagators.extract
        self._names = frozenset(name.encode() for name in propagators.names)
        self._is_trusted = is_trusted
        self._context = entry.base

    def start(self, connection: ServerConnection, scope: Scope, header_map: HeaderMap) -> None:
        """Attach the caller's context until *connection* ends."""
        has_caller = not self._names.isdisjoint(header_map) and self._is_trusted(scope)
        context, ambient = self._context, get_current()
        if ambient:
            if has_outer_span(scope):
                return
            context = entry_context(context, ambient)
        elif not has_caller:
            return
        connection.token = attach(
            self._extract(scope["headers"], context) if has_caller else context
        )


class ForeignSpans:
    """Isolation of requests whose spans another engine creates.

    Args:
        entry: Contexts from which the other engine starts.
    """

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def start(self, connection: ServerConnection, scope: Scope, header_map: HeaderMap) -> None:
        """Replace the context of an earlier request by an empty one."""
        del header_map
        connection.token = self._entry.isolate(scope)
