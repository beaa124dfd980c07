"""Span of the request that an exception ended, stored on the exception itself.

A server logs an unhandled exception after the context of the request is gone. A weak dictionary
cannot hold the span: exceptions of builtin classes do not support weak references, and others may
define equality.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opentelemetry import trace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.trace import SpanContext

KEY: Final = "__sightline_span__"

SpanIds = tuple[int, int, int]
"""Trace id, span id and trace flags."""

MAX_EXCEPTIONS: Final = 64
"""Bound of the search, because causes and groups may be cyclic or endless."""


def set_error_span(error: BaseException, context: SpanContext = trace.INVALID_SPAN_CONTEXT) -> None:
    """Store the current span on *error*, or *context* when there is no current span."""
    found = trace.get_current_span().get_span_context()
    if not found.is_valid:
        found = context
    if found.is_valid:
        # Numbers can be pickled with the error, whose class may define __setattr__.
        vars(error)[KEY] = found.trace_id, found.span_id, int(found.trace_flags)


def get_error_span(error: BaseException) -> SpanIds | None:
    """Return the span stored on *error* or on a related exception."""
    for each in _related(error):
        noted: SpanIds | None = vars(each).get(KEY)
        if noted is not None:
            return noted
    return None


def _related(error: BaseException) -> Iterator[BaseException]:
    """Yield *error*, its causes, its contexts and the members of its group, nearest first."""
    due, seen = [error], {id(error)}
    for each in due:
        yield each
        members = each.exceptions if isinstance(each, BaseExceptionGroup) else ()
        for other in (each.__cause__, each.__context__, *members):
            if other is not None and id(other) not in seen and len(due) < MAX_EXCEPTIONS:
                seen.add(id(other))
                due.append(other)
