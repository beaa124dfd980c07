"""The API's contexts without what its own functions repeat on every call.

The API keeps the current context in a context variable, and a span's context is a tuple: both are
found out here once, and where they are otherwise the API's own functions serve.
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
"""Trace id, span id, whether remote, flags, state, and True: the ids are valid."""

SPAN_KEY: Final = next(iter(trace.set_span_in_context(trace.INVALID_SPAN, Context())))
"""Under which a context keeps its span."""

current: Callable[[], Context] = context_api.get_current
"""The current context."""
attach: Callable[[Context], Token[Context]] = context_api.attach
"""Make a context the current one."""
detach: Callable[[Token[Context]], None] = context_api.detach
"""Go back to the context before."""


def _variable() -> ContextVar[Context] | None:
    token = context_api.attach(Context())
    context_api.detach(token)
    return token.var if isinstance(token, Token) else None  # type: ignore[redundant-expr]  # OTEL_PYTHON_CONTEXT may name another implementation


if (_found := _variable()) is not None:
    current, attach, detach = _found.get, _found.set, _found.reset


def _is_plain() -> bool:
    parts = (1, 2, True, FLAGS[1], DEFAULT_TRACE_STATE, True)
    return tuple(SpanContext(*parts[:5])) == parts


def _checked(parts: Parts) -> SpanContext:
    return SpanContext(*parts[:5])


def _unchecked(parts: Parts) -> SpanContext:
    return tuple.__new__(SpanContext, parts)


span_context: Callable[[Parts], SpanContext] = _unchecked if _is_plain() else _checked
"""A span context of parts that are known to be valid."""
