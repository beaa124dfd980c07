"""Registry with many series, as in a service with many routes."""

from typing import Final

from opentelemetry.trace import SpanContext, TraceFlags
from prometheus_client import CollectorRegistry, Histogram

from instrumentation._metrics.histogram import bound_observer
from instrumentation.metric import DURATION_BUCKETS

LABEL_SETS: Final = 588
"""With 17 lines each, 10,000 lines: 14 buckets, infinity, count and sum."""

LABELS: Final = ("method", "route", "status_code")
SPAN: Final = SpanContext(1 << 120, 1 << 60, is_remote=False, trace_flags=TraceFlags(1))


def fill(registry: CollectorRegistry, label_sets: int = LABEL_SETS) -> None:
    """Fill *registry* with durations of many routes and exemplars in every third bucket."""
    family = Histogram(
        "bench_seconds", "Durations.", LABELS, registry=registry, buckets=DURATION_BUCKETS
    )
    for number in range(label_sets):
        child = bound_observer(family.labels("GET", f"/things{number}/{{id}}", "200"))
        for seconds in (0.003, 0.02, 0.09, 0.4, 2.0):
            child.observe_with_exemplar(seconds, SPAN, float(number))
