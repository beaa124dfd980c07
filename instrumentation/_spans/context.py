"""Fast access to the OpenTelemetry API's contexts.

The API stores the current context in a context variable, and a span context is a tuple. Both facts
are checked once at import. If either no longer holds, the API's own functions are used.
"""

from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Final

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import DEFAULT_TRACE_STATE, SpanContext, TraceFlags, TraceState

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


def _build_unchecked(parts: Parts) -> SpanContext:
    return tuple.__new__(SpanContext, parts)


span_context: Callable[[Parts], SpanContext] = (
    _build_unchecked if _is_plain_tuple() else _build_checked
)
"""Return a span context of valid parts, without another validation."""
