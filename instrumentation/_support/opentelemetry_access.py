"""Access to parts of the OpenTelemetry API that its documentation does not promise.

The API stores the current context in a context variable, a span context is a tuple, and a status
has two private fields. Each fact is checked once at import. If one no longer holds, the API's
public functions are used. `_spans.sdk_access` does the same for the SDK.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from contextvars import ContextVar, Token
from functools import partial
from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import (
    DEFAULT_TRACE_STATE,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FLAGS: Final = tuple(TraceFlags(bits) for bits in range(4))
"""Bit 0: sampled. Bit 1: the trace id is random. Source: W3C Trace Context level 2."""

Parts = tuple[int, int, bool, TraceFlags, TraceState, bool]
"""Trace id, span id, ``is_remote``, flags, trace state and ``is_valid``, which must be true."""

SPAN_KEY: Final = next(iter(trace.set_span_in_context(trace.INVALID_SPAN, Context())))
"""Key of the span in a context."""

get_current: Callable[[], Context] = context_api.get_current
"""Return the current context."""
attach: Callable[[Context], Token[Context]] = context_api.attach
"""Make a context the current one."""
detach: Callable[[Token[Context]], None] = context_api.detach
"""Restore the previous context."""


def _context_variable() -> ContextVar[Context] | None:
    token = context_api.attach(Context())
    context_api.detach(token)
    return token.var if isinstance(token, Token) else None  # type: ignore[redundant-expr]  # OTEL_PYTHON_CONTEXT may name another implementation


if (_variable := _context_variable()) is not None:
    get_current, attach, detach = _variable.get, _variable.set, _variable.reset


def _is_plain_tuple() -> bool:
    parts = (1, 2, True, FLAGS[1], DEFAULT_TRACE_STATE, True)
    return tuple(SpanContext(*parts[:5])) == parts


def _build_checked(parts: Parts) -> SpanContext:
    return SpanContext(*parts[:5])


span_context: Callable[[Parts], SpanContext] = (
    partial(tuple.__new__, SpanContext) if _is_plain_tuple() else _build_checked
)
"""Return a span context of valid parts, without another validation."""


SUPPRESS_KEY: Final[str] = getattr(
    context_api, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation"
)
"""Context key that exporters set so that their own calls are not traced.

The fallback is the key that ``opentelemetry-instrumentation`` sets in addition.
"""

SUPPRESS_HTTP_KEY: Final[str] = getattr(
    context_api, "_SUPPRESS_HTTP_INSTRUMENTATION_KEY", "suppress_http_instrumentation"
)
"""Context key that HTTP clients set around the calls of another client; as `SUPPRESS_KEY`."""

SUPPRESSION_KEYS: Final = (SUPPRESS_HTTP_KEY, SUPPRESS_KEY)
"""Context keys of calls that are not traced."""

CLIENTS_KEY: Final = context_api.create_key("instrumentation-clients")
"""Context key of the owner of the `Clients` of the service that handles the current request."""

TEMPLATE_KEY: Final = context_api.create_key("instrumentation-url-template")
"""Context key of the template of outgoing calls."""

RESENDS_KEY: Final = context_api.create_key("instrumentation-resends")
"""Context key of the number of earlier attempts of outgoing calls."""


def _has_status_fields() -> bool:
    status: Any = Status(StatusCode.ERROR, "probe")
    try:
        return (status._status_code, status._description) == (StatusCode.ERROR, "probe")
    except AttributeError:
        return False


read_status: Callable[[Status], tuple[StatusCode, str | None]] = (
    attrgetter("_status_code", "_description")
    if _has_status_fields()
    else attrgetter("status_code", "description")
)
"""Return code and description of a status. The public properties are slower Python functions."""


def _has_members() -> bool:
    members = getattr(TraceState([("key", "value")]), "_dict", None)
    return members == {"key": "value"}


_HAS_MEMBERS: Final = _has_members()


def trace_state(members: Mapping[str, str]) -> TraceState:
    """Return the trace state of *members*, which are valid.

    The constructor of the API, which is the fallback, rejects some keys that level 2 of W3C Trace
    Context allows.
    """
    if not _HAS_MEMBERS:
        return TraceState(list(members.items()))
    state = TraceState()
    state._dict.update(members)
    return state


def _span_manager() -> Any:
    try:
        return import_module("opentelemetry.util._decorator")._agnosticcontextmanager
    except (ImportError, AttributeError):
        return contextmanager


if TYPE_CHECKING:
    from opentelemetry.util._decorator import _agnosticcontextmanager

    span_manager = _agnosticcontextmanager
else:
    span_manager = _span_manager()
    """Decorator that makes a context manager, as ``start_as_current_span()`` is one.

    The context manager also decorates functions. Without the API's own decorator, it ends before
    the coroutine of a decorated ``async def`` does.
    """


def shows_providers() -> bool:
    """Return True when the API stores the providers where `ProviderCheck` reads them."""
    return hasattr(_meters(), "_METER_PROVIDER") and hasattr(_loggers(), "_LOGGER_PROVIDER")


def _meters() -> Any:
    return sys.modules.get("opentelemetry.metrics._internal")


def _loggers() -> Any:
    return sys.modules.get("opentelemetry._logs._internal")


class ProviderCheck:
    """Picklable method ``enabled()`` of *owner* that first checks for a meter or logger provider.

    Only with one of them it calls the method of the class.
    """

    __slots__ = ("_loggers", "_meters", "_owner")

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self._meters, self._loggers = _meters(), _loggers()

    def __call__(self) -> bool:
        if self._meters._METER_PROVIDER is None and self._loggers._LOGGER_PROVIDER is None:
            return False
        return bool(type(self._owner).enabled(self._owner))

    def __getstate__(self) -> Any:
        return self._owner

    def __setstate__(self, owner: Any) -> None:
        self.__init__(owner)  # type: ignore[misc]  # modules cannot be pickled
