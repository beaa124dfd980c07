"""Calls made with httpx, synchronous and asynchronous."""

from collections.abc import Awaitable, Callable
from functools import wraps

from httpx import AsyncHTTPTransport, HTTPTransport, Request, Response

from instrumentation._clients.call import Call, Clients, current
from instrumentation._support.patch import Undo, patched

Handle = Callable[[HTTPTransport, Request], Response]
AsyncHandle = Callable[[AsyncHTTPTransport, Request], Awaitable[Response]]


def instrument_httpx(clients: Clients | None = None) -> Undo:
    """Trace every call that httpx sends, each redirect as a call of its own.

    Doing it twice is doing it once.

    Args:
        clients: For calls outside of any request; the global tracer when left out.

    Returns:
        Undoes it.
    """
    undo = patched(HTTPTransport, "handle_request", lambda handle: _traced(handle, clients))
    undo_async = patched(
        AsyncHTTPTransport, "handle_async_request", lambda handle: _traced_async(handle, clients)
    )

    def both() -> None:
        undo()
        undo_async()

    return both


def _started(clients: Clients | None, request: Request) -> Call | None:
    call = current(clients).start(request.method, str(request.url))
    if call is not None:
        call.write_context(request.headers)
    return call


def _traced(handle: Handle, clients: Clients | None) -> Handle:
    @wraps(handle)
    def traced(transport: HTTPTransport, request: Request) -> Response:
        call = _started(clients, request)
        if call is None:
            return handle(transport, request)
        try:
            response = handle(transport, request)
        except BaseException as error:
            call.failed(error)
            raise
        call.answered(response.status_code)
        return response

    return traced


def _traced_async(handle: AsyncHandle, clients: Clients | None) -> AsyncHandle:
    @wraps(handle)
    async def traced(transport: AsyncHTTPTransport, request: Request) -> Response:
        call = _started(clients, request)
        if call is None:
            return await handle(transport, request)
        try:
            response = await handle(transport, request)
        except BaseException as error:
            call.failed(error)
            raise
        call.answered(response.status_code)
        return response

    return traced
