"""Scrape of 10,000 lines, next to prometheus_client's writer on the same registry."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as open_metrics

from instrumentation._scrape.render import Renderer
from instrumentation._scrape.snapshot import RegistryReader
from instrumentation._support.guard import NullCounter, Operation
from tests.benchmarks.rows import Row, cpu_medians
from tests.benchmarks.series import fill


def rows() -> Iterator[Row]:
    """Yield the rows of the table."""
    samples = CollectorRegistry()
    fill(samples)
    operation = Operation("scrape", NullCounter("scrape"), strict=True)
    renderer = Renderer(RegistryReader(samples, operation=operation).snapshot)
    seconds = cpu_medians(
        renderer.open_metrics,
        renderer.text,
        lambda: open_metrics(samples),  # type: ignore[no-untyped-call]  # untyped in prometheus_client
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
