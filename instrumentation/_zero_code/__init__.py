"""Zero-code instrumentation: every app of the process, without a change to its code.

Every child Python process of the service loads this module. Expensive modules are therefore
imported together with Starlette.
"""

from collections.abc import Awaitable
from functools import wraps
from typing import TYPE_CHECKING

from instrumentation._support.on_import import call_when_imported

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from instrumentation._support.asgi_types import Receive, Scope, Send


def activate() -> None:
    """Instrument each Starlette or FastAPI app at its first call, with all apps mounted in it."""
    call_when_imported("starlette.applications", _patch)


def _patch() -> None:
    from starlette.applications import Starlette

    from instrumentation import instrument
    from instrumentation._server.entry import TELEMETRY_KEY

    call = Starlette.__call__

    @wraps(call)
    def instrument_and_call(
        app: "Starlette", scope: "Scope", receive: "Receive", send: "Send"
    ) -> Awaitable[None]:
        if app.middleware_stack is None and TELEMETRY_KEY not in scope:
            instrument(app)
        return call(app, scope, receive, send)

    Starlette.__call__ = instrument_and_call  # type: ignore[assignment,method-assign]  # patched on purpose
