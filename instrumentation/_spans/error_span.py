"""The span in which an exception ended a request, kept on the exception itself.

A server logs what the app raised after the request's context is gone. Weak references do not serve:
exceptions of builtin classes take none, and others may define equality.
"""

from collections.abc import Iterator
from typing import Final

from opentelemetry import trace
from opentelemetry.trace import SpanContext

KEY: Final = "__sightline_span__"

Noted = tuple[int, int, int]
"""Trace id, span id and trace flags."""

MOST: Final = 64
"""Exceptions that are looked at: causes and groups may go on without end."""


def note_span(error: BaseException, context: SpanContext = trace.INVALID_SPAN_CONTEXT) -> None:
    """Note on *error* that it ended the request of the current span, or else of *context*."""
    found = trace.get_current_span().get_span_context()
    if not found.is_valid:
        found = context
    if found.is_valid:
        # Numbers are pickled with the error. Its dictionary, because it may define __setattr__.
        vars(error)[KEY] = found.trace_id, found.span_id, int(found.trace_flags)


def noted_span(error: BaseException) -> Noted | None:
    """Return the span whose request *error*, or what is behind it, ended."""
    for each in _behind(error):
        noted: Noted | None = vars(each).get(KEY)
        if noted is not None:
            return noted
    return None


def _behind(error: BaseException) -> Iterator[BaseException]:
    """Yield *error*, then its causes, its context and the members of its group, nearest first."""
    due, seen = [error], {id(error)}
    for each in due:
        yield each
        members = each.exceptions if isinstance(each, BaseExceptionGroup) else ()
        for other in (each.__cause__, each.__context__, *members):
            if other is not None and id(other) not in seen and len(due) < MOST:
                seen.add(id(other))
                due.append(other)
