"""Calls made with aiohttp's client, through its own tracing hooks."""

from collections.abc import Callable
from functools import wraps
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin

from aiohttp import (
    ClientResponseError,
    ClientSession,
    TraceConfig,
    TraceRequestEndParams,
    TraceRequestExceptionParams,
    TraceRequestRedirectParams,
    TraceRequestStartParams,
)

from instrumentation._clients.call import CLIENT_ERROR, Clients, current
from instrumentation._support.patch import Undo, patched


def instrument_aiohttp(clients: Clients | None = None) -> Undo:
    """Trace every call of sessions that are opened from now on; redirects belong to their call.

    Doing it twice is doing it once.

    Args:
        clients: For calls outside of any request; the global tracer when left out.

    Returns:
        Undoes it for later sessions.
    """
    return patched(ClientSession, "__init__", lambda init: _tracing(init, clients))


def _tracing(init: Callable[..., None], clients: Clients | None) -> Callable[..., None]:
    @wraps(init)
    def tracing(
        session: ClientSession,
        *arguments: Any,  # noqa: ANN401  passed through
        **options: Any,  # noqa: ANN401  passed through
    ) -> None:
        options["trace_configs"] = [*(options.get("trace_configs") or ()), trace_config(clients)]
        init(session, *arguments, **options)

    return tracing


def trace_config(clients: Clients | None = None) -> TraceConfig:
    """The hooks alone, for a session that is given its ``trace_configs`` by hand."""

    async def started(
        _session: ClientSession, context: SimpleNamespace, params: TraceRequestStartParams
    ) -> None:
        context.call = current(clients).start(params.method, str(params.url))
        if context.call is not None:
            context.call.write_context(params.headers)

    config = TraceConfig()
    config.on_request_start.append(started)
    config.on_request_redirect.append(_redirected)
    config.on_request_end.append(_ended)
    config.on_request_exception.append(_failed)
    return config


async def _redirected(
    _session: ClientSession, context: SimpleNamespace, params: TraceRequestRedirectParams
) -> None:
    if context.call is not None:
        location = params.response.headers.get("location", "")
        context.call.redirected(urljoin(str(params.url), location), params.headers)


async def _ended(
    _session: ClientSession, context: SimpleNamespace, params: TraceRequestEndParams
) -> None:
    if context.call is not None:
        context.call.answered(params.response.status)


async def _failed(
    _session: ClientSession, context: SimpleNamespace, params: TraceRequestExceptionParams
) -> None:
    if context.call is None:
        return
    error = params.exception
    if isinstance(error, ClientResponseError) and error.status >= CLIENT_ERROR:
        context.call.answered(error.status)  # the session raises for what was answered
    else:
        context.call.failed(error)
