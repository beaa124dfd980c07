"""Verification of tokens over gRPC, from the metadata of a call."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import grpc

from demo_services.auth import refusal
from demo_services.auth.refusal import RefusedError
from demo_services.auth.scopes import PROCEDURES, USERS_WRITE
from demo_services.auth.verifier import Verifier

# grpc has no types for these.
Handler = Any
Context = Any

_STATUS_CODES: Final = {
    refusal.INSUFFICIENT_SCOPE: grpc.StatusCode.PERMISSION_DENIED,
    refusal.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
}
"""Status codes by result; UNAUTHENTICATED for all others."""


class AuthenticationInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    """Interceptor that refuses calls whose token is missing, invalid or too weak.

    Args:
        service: Full name of the service whose calls are verified. Others, like health, are not.
    """

    def __init__(self, verifier: Verifier, service: str) -> None:
        self._verifier = verifier
        self._prefix = f"/{service}/"

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Return the handler of one call, or one that refuses it."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith(self._prefix):
            return handler
        metadata = handler_call_details.invocation_metadata or ()
        given = [str(value) for name, value in metadata if name == "authorization"]
        scope = PROCEDURES.get(method.removeprefix(self._prefix), USERS_WRITE)
        try:
            await self._verifier.admit(given, scope)
        except RefusedError as error:
            return _refusing(handler, error)
        return handler


def _refusing(handler: Handler, error: RefusedError) -> Handler:
    """Return a handler of the same type as *handler* that ends each call with *error*."""
    code = _STATUS_CODES.get(error.result, grpc.StatusCode.UNAUTHENTICATED)

    async def refuse(_: object, context: Context) -> None:
        await context.abort(code, str(error))

    async def refuse_stream(_: object, context: Context) -> AsyncIterator[None]:
        await context.abort(code, str(error))
        yield  # makes it a generator

    requests = "stream" if handler.request_streaming else "unary"
    responses = "stream" if handler.response_streaming else "unary"
    make = getattr(grpc, f"{requests}_{responses}_rpc_method_handler")
    return make(
        refuse_stream if handler.response_streaming else refuse,
        handler.request_deserializer,
        handler.response_serializer,
    )
