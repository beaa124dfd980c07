"""Instrumentation of aiohttp's client through its tracing hooks."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any
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

from instrumentation._clients.call import CLIENT_ERROR, Clients, current_clients
from instrumentation._support.patch import Undo, patch_method

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace


def instrument_aiohttp(clients: Clients | None = None) -> Undo:
    """Trace every call of sessions that are created later. A redirect is part of its call.

    A second call of this function has no effect.

    Args:
        clients: Clients for calls outside a request; the global tracer when left out.

    Returns:
        Function that removes the instrumentation from later sessions.
    """
    return patch_method(ClientSession, "__init__", lambda init: _trace_init(init, clients))


def _trace_init(init: Callable[..., None], clients: Clients | None) -> Callable[..., None]:
    @wraps(init)
    def init_with_trace_config(
        session: ClientSession,
        *arguments: Any,
        **options: Any,
    ) -> None:
        options["trace_configs"] = [*(options.get("trace_configs") or ()), trace_config(clients)]
        init(session, *arguments, **options)

    return init_with_trace_config


def trace_config(clients: Clients | None = None) -> TraceConfig:
    """Return the hooks for the ``trace_configs`` of a session that is not instrumented."""

    async def on_start(
        _session: ClientSession, context: SimpleNamespace, params: TraceRequestStartParams
    ) -> None:
        context.call = current_clients(clients).start(params.method, str(params.url))
        if context.call is not None:
            context.call.write_context(params.headers)

    config = TraceConfig()
    config.on_request_start.append(on_start)
    config.on_request_redirect.append(_on_redirect)
    config.on_request_end.append(_on_end)
    config.on_request_exception.append(_on_exception)
    return config


async def _on_redirect(
    _session: ClientSession, context: SimpleNamespace, params: TraceRequestRedirectParams
) -> None:
    if context.call is not None:
        location = params.response.headers.get("location", "")
        context.call.on_redirect(urljoin(str(params.url), location), params.headers)


async def _on_end(
    _session: ClientSession, context: SimpleNamespace, params: TraceRequestEndParams
) -> None:
    if context.call is None:
        return
    response = params.response
    version, connection = response.version, response.connection
    transport = connection.transport if connection is not None else None
    context.call.on_response(
        response.status,
        version=f"{version.major}.{version.minor}" if version is not None else "",
        peer=transport.get_extra_info("peername") if transport is not None else None,
    )


async def _on_exception(
    _session: ClientSession, context: SimpleNamespace, params: TraceRequestExceptionParams
) -> None:
    if context.call is None:
        return
    error = params.exception
    if isinstance(error, ClientResponseError) and error.status >= CLIENT_ERROR:
        context.call.on_response(error.status)  # raised by the session after a response
    else:
        context.call.on_error(error)
