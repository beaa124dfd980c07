"""Many series in a registry, as a service with many routes has them."""

from typing import Final

from opentelemetry.trace import SpanContext, TraceFlags
from prometheus_client import CollectorRegistry, Histogram

from instrumentation._metrics.histogram import observer
from instrumentation.conventions import DURATION_BUCKETS

LABEL_SETS: Final = 588
"""Times 17 lines: 14 buckets, infinity, count, sum; ten thousand."""

LABELS: Final = ("method", "route", "status_code")
SPAN: Final = SpanContext(1 << 120, 1 << 60, is_remote=False, trace_flags=TraceFlags(1))


def fill(registry: CollectorRegistry, label_sets: int = LABEL_SETS) -> None:
    """Durations of many routes, an exemplar in every third bucket."""
    family = Histogram(
        "bench_seconds", "Durations.", LABELS, registry=registry, buckets=DURATION_BUCKETS
    )
    for number in range(label_sets):
        child = observer(family.labels("GET", f"/things{number}/{{id}}", "200"))
        for seconds in (0.003, 0.02, 0.09, 0.4, 2.0):
            child.observe_with_exemplar(seconds, SPAN, float(number))
