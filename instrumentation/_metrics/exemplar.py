"""Exemplars for the service's own metrics, from the current span."""

from __future__ import annotations

from opentelemetry import trace

from instrumentation.conventions import SPAN_ID, TRACE_ID


def exemplar() -> dict[str, str] | None:
    """Return the ids of the current span, for the ``exemplar=`` argument of prometheus_client.

    Returns:
        The labels ``trace_id`` (32 hex digits) and ``span_id`` (16 hex digits), or None when no
        span is active or the span is not sampled: no backend stores such a trace.
    """
    context = trace.get_current_span().get_span_context()
    if not context.trace_flags & 1:
        return None
    return {TRACE_ID: f"{context.trace_id:032x}", SPAN_ID: f"{context.span_id:016x}"}
