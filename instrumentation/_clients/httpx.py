"""Instrumentation of httpx, synchronous and asynchronous."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final

from httpx import AsyncHTTPTransport, HTTPTransport, Request, Response

from instrumentation._clients.call import Call, Clients, current_clients
from instrumentation._support.patch import Undo, patch_method

HTTP: Final = "HTTP/"
"""Prefix of the version in httpx."""

Handle = Callable[[HTTPTransport, Request], Response]
AsyncHandle = Callable[[AsyncHTTPTransport, Request], Awaitable[Response]]


def instrument_httpx(clients: Clients | None = None) -> Undo:
    """Trace every call that httpx sends. Each redirect is a separate call.

    A second call of this function has no effect.

    Args:
        clients: Clients for calls outside a request; the global tracer when left out.

    Returns:
        Function that removes the instrumentation.
    """
    undo_sync = patch_method(
        HTTPTransport, "handle_request", lambda handle: _trace(handle, clients)
    )
    undo_async = patch_method(
        AsyncHTTPTransport, "handle_async_request", lambda handle: _trace_async(handle, clients)
    )

    def undo_all() -> None:
        undo_sync()
        undo_async()

    return undo_all


def _start_call(clients: Clients | None, request: Request) -> Call | None:
    call = current_clients(clients).start(request.method, str(request.url))
    if call is not None:
        call.write_context(request.headers)
    return call


def _end_call(call: Call, response: Response) -> None:
    details = response.extensions
    stream = details.get("network_stream")
    call.on_response(
        response.status_code,
        version=details.get("http_version", b"").decode().removeprefix(HTTP),
        peer=stream.get_extra_info("server_addr") if stream is not None else None,
    )


def _trace(handle: Handle, clients: Clients | None) -> Handle:
    @wraps(handle)
    def wrapper(transport: HTTPTransport, request: Request) -> Response:
        call = _start_call(clients, request)
        if call is None:
            return handle(transport, request)
        try:
            response = handle(transport, request)
        except BaseException as error:
            call.on_error(error)
            raise
        _end_call(call, response)
        return response

    return wrapper


def _trace_async(handle: AsyncHandle, clients: Clients | None) -> AsyncHandle:
    @wraps(handle)
    async def wrapper(transport: AsyncHTTPTransport, request: Request) -> Response:
        call = _start_call(clients, request)
        if call is None:
            return await handle(transport, request)
        try:
            response = await handle(transport, request)
        except BaseException as error:
            call.on_error(error)
            raise
        _end_call(call, response)
        return response

    return wrapper
