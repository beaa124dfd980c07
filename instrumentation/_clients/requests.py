"""Calls made with requests."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from instrumentation._clients.call import Clients, current
from instrumentation._support.patch import Undo, patched


def instrument_requests(clients: Clients | None = None) -> Undo:
    """Trace every call that requests sends, each redirect as a call of its own.

    Doing it twice is doing it once.

    Args:
        clients: For calls outside of any request; the global tracer when left out.

    Returns:
        Undoes it.
    """
    return patched(HTTPAdapter, "send", lambda send: _traced(send, clients))


def _traced(send: Callable[..., Response], clients: Clients | None) -> Callable[..., Response]:
    @wraps(send)
    def traced(
        adapter: HTTPAdapter,
        request: PreparedRequest,
        *arguments: Any,  # noqa: ANN401  passed through
        **options: Any,  # noqa: ANN401  passed through
    ) -> Response:
        call = current(clients).start(request.method or "", request.url or "")
        if call is None:
            return send(adapter, request, *arguments, **options)
        call.write_context(request.headers)
        try:
            response = send(adapter, request, *arguments, **options)
        except BaseException as error:
            call.failed(error)
            raise
        call.answered(response.status_code)
        return response

    return traced
