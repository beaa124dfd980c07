"""Instrumenting every app of a process that was not told how.

Every Python below the service loads this: what costs time is imported when an app is.
"""

from collections.abc import Awaitable
from functools import wraps
from typing import TYPE_CHECKING

from instrumentation._support.on_import import call_when_imported

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from instrumentation._support.asgi_types import Receive, Scope, Send


def activate() -> None:
    """Instrument each Starlette or FastAPI app when it is first called; what it mounts is in it."""
    call_when_imported("starlette.applications", _patch)


def _patch() -> None:
    from starlette.applications import Starlette  # noqa: PLC0415  not before the service does

    from instrumentation import instrument  # noqa: PLC0415  as above
    from instrumentation._server.entry import TELEMETRY_KEY  # noqa: PLC0415  as above

    call = Starlette.__call__

    @wraps(call)
    def instrumented(
        app: "Starlette", scope: "Scope", receive: "Receive", send: "Send"
    ) -> Awaitable[None]:
        if app.middleware_stack is None and TELEMETRY_KEY not in scope:
            instrument(app)
        return call(app, scope, receive, send)

    Starlette.__call__ = instrumented  # type: ignore[assignment,method-assign]  # that is the point
