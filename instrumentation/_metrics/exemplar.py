"""The current span as an exemplar of a metric of the service's own."""

from opentelemetry import trace

from instrumentation.conventions import SPAN_ID, TRACE_ID


def exemplar() -> dict[str, str] | None:
    """What prometheus_client takes as ``exemplar=``: the ids of the current span.

    None outside of a sampled trace, which would lead nowhere.
    """
    context = trace.get_current_span().get_span_context()
    if not context.trace_flags & 1:
        return None
    return {TRACE_ID: f"{context.trace_id:032x}", SPAN_ID: f"{context.span_id:016x}"}
