"""Verification of tokens over HTTP, as pure ASGI."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from demo_services.auth.caller import acting_for
from demo_services.auth.refusal import RefusedError
from demo_services.auth.scopes import Rules, required_scope
from demo_services.auth.verifier import Verifier, name_caller


class Authentication:
    """Refusal of requests whose token is missing, invalid or too weak, with 401 or 403.

    Args:
        rules: Scopes of the requests.
    """

    def __init__(self, app: ASGIApp, verifier: Verifier, rules: Rules) -> None:
        self._app = app
        self._verifier = verifier
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one request."""
        required = None
        if scope["type"] == "http":
            required = required_scope(self._rules, scope["method"], scope["path"])
        if required is None:
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).getlist("authorization")
        try:
            caller = await self._verifier.admit(given, required)
        except RefusedError as error:
            await error.response()(scope, receive, send)
            return
        name_caller(caller)
        with acting_for(caller):
            await self._app(scope, receive, send)
