"""Instrumentation of requests."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from instrumentation._clients.call import Clients, current_clients
from instrumentation._support.patch import Undo, patch_method


def instrument_requests(clients: Clients | None = None) -> Undo:
    """Trace every call that requests sends. Each redirect is a separate call.

    A second call of this function has no effect.

    Args:
        clients: Clients for calls outside a request; the global tracer when left out.

    Returns:
        Function that removes the instrumentation.
    """
    return patch_method(HTTPAdapter, "send", lambda send: _trace(send, clients))


def _trace(send: Callable[..., Response], clients: Clients | None) -> Callable[..., Response]:
    @wraps(send)
    def wrapper(
        adapter: HTTPAdapter,
        request: PreparedRequest,
        *arguments: Any,
        **options: Any,
    ) -> Response:
        call = current_clients(clients).start(request.method or "", request.url or "")
        if call is None:
            return send(adapter, request, *arguments, **options)
        call.write_context(request.headers)
        try:
            response = send(adapter, request, *arguments, **options)
        except BaseException as error:
            call.on_error(error)
            raise
        call.on_response(response.status_code)
        return response

    return wrapper
