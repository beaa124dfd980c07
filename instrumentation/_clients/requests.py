"""Instrumentation of requests."""

from __future__ import annotations

from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter

from instrumentation._clients.call import HTTP_VERSIONS, Clients, current_clients
from instrumentation._support.patch import Undo, patch_method

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest, Response


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
        raw = response.raw
        version = getattr(raw, "version", 0)
        call.on_response(
            response.status_code, version=HTTP_VERSIONS.get(version, ""), peer=_peer_of(raw)
        )
        return response

    return wrapper


def _peer_of(raw: Any) -> object:
    """Return the address of the socket of a response of urllib3; None if it is closed."""
    plain = getattr(getattr(raw, "connection", None), "sock", None)
    with suppress(OSError):
        return plain.getpeername() if plain is not None else None
    return None
