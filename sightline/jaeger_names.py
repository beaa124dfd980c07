"""Names of Jaeger that the trace store writes, and that another module reads."""

from typing import Final

SPAN_KIND: Final = "span.kind"
"""Tag with the kind of a span, as in OpenTracing."""

SPAN_METRICS_CALLS: Final = "traces_span_metrics_calls"
SPAN_METRICS_DURATION: Final = "traces_span_metrics_duration_milliseconds"
"""Families of the span metrics connector, with the namespace of Jaeger's configuration."""
