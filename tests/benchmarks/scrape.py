"""Writing 10 000 lines of samples: ours beside prometheus_client's writer, on the same registry."""

from collections.abc import Iterator
from typing import Final

from opentelemetry.trace import SpanContext, TraceFlags
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as open_metrics

from instrumentation._histogram import observer
from instrumentation._metrics import DURATION, histogram
from instrumentation._render import Renderer
from tests.benchmarks.rows import Row, cpu_minima

LABEL_SETS: Final = 588
"""Times 17 lines: 14 buckets, infinity, count, sum."""
SPAN: Final = SpanContext(1 << 120, 1 << 60, is_remote=False, trace_flags=TraceFlags(1))


def registry() -> CollectorRegistry:
    """Durations of many routes, an exemplar in every third bucket."""
    found = CollectorRegistry()
    family = histogram(DURATION, found)
    for number in range(LABEL_SETS):
        child = observer(family.labels("GET", f"/things{number}/{{id}}", "200", ""))
        for seconds in (0.003, 0.02, 0.09, 0.4, 2.0):
            child.observe_with_exemplar(seconds, SPAN, float(number))
    return found


def rows() -> Iterator[Row]:
    """The figures for the table."""
    samples = registry()
    renderer = Renderer(samples)
    seconds = cpu_minima(
        renderer.open_metrics,
        renderer.text,
        lambda: open_metrics(samples),  # type: ignore[no-untyped-call]  # theirs has no types
        lambda: generate_latest(samples),
        rounds=9,
    )
    exemplars, text, their_exemplars, their_text = (f"{1000 * found:.1f} ms" for found in seconds)
    yield Row(
        figure="scrape of 10 000 lines with exemplars (CPU)",
        goal="≤ 10 ms",
        ours=exemplars,
        peer=their_exemplars,
    )
    yield Row(figure="the same as text", goal="≤ 10 ms", ours=text, peer=their_text)
