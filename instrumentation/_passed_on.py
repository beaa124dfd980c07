"""The caller's trace and baggage where nothing is traced: they go on to whom the service calls.

Source: OpenTelemetry, "General SDK Configuration": OTEL_SDK_DISABLED has no effect on propagators.
"""

from opentelemetry.context import Context

from instrumentation._asgi_types import Scope
from instrumentation._context import attach, current
from instrumentation._propagators import Propagators
from instrumentation._server_spans import Named, Watched
from instrumentation._trust import Trusted


class PassedOn:
    """Makes the caller's context the current one.

    Args:
        propagators: What is read from headers.
        trusted: Whose trace is continued.
        context: What every request's context starts from.
    """

    def __init__(self, propagators: Propagators, *, trusted: Trusted, context: Context) -> None:
        self._extract = propagators.extract
        self._names = frozenset(name.encode() for name in propagators.names)
        self._trusted = trusted
        self._context = context

    def start(self, watched: Watched, scope: Scope, named: Named) -> None:
        """Attach what the headers say until *watched* ends."""
        if self._names.isdisjoint(named) or not self._trusted(scope):
            return
        context = Context({**current(), **self._context})
        watched.token = attach(self._extract(scope["headers"], context))
