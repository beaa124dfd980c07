"""Requests that get no span here: their context is that of their caller, or empty.

Source: OpenTelemetry, "General SDK Configuration": OTEL_SDK_DISABLED has no effect on propagators.
"""

from opentelemetry.context import Context

from instrumentation._server.entry import Entry, own_context, traced_outside
from instrumentation._server.fastapi_telemetry import NATIVE, context_key
from instrumentation._server.spans import Named, Watched
from instrumentation._spans.context import attach, current
from instrumentation._spans.propagators import Propagators
from instrumentation._spans.trust import Trusted
from instrumentation._support.asgi_types import Scope


class Passthrough:
    """Passes the caller's context through where the SDK is disabled.

    Args:
        propagators: Read the headers.
        trusted: Tells the callers whose context is continued.
        entry: Gives the context of a request without a caller.
    """

    def __init__(self, propagators: Propagators, *, trusted: Trusted, entry: Entry) -> None:
        self._extract = propagators.extract
        self._names = frozenset(name.encode() for name in propagators.names)
        self._trusted = trusted
        self._context = entry.base

    def start(self, watched: Watched, scope: Scope, named: Named) -> None:
        """Attach the caller's context until *watched* ends."""
        called = not self._names.isdisjoint(named) and self._trusted(scope)
        record = scope.get(NATIVE)
        context, ambient = self._context, current()
        if ambient:
            if traced_outside(scope):
                return
            context = own_context(context, ambient)
        elif not called and record is None:
            return
        if record is not None:
            context = Context({**context, context_key(): record})
        watched.token = attach(self._extract(scope["headers"], context) if called else context)


class ForeignSpans:
    """Leaves the span to another engine.

    Args:
        entry: Gives the context that the other engine starts from.
    """

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def start(self, watched: Watched, scope: Scope, named: Named) -> None:
        """Attach an empty context in place of an earlier request's."""
        del named
        watched.token = self._entry.isolate(scope)
