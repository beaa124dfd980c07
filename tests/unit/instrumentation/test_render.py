"""The text formats equal those of prometheus_client."""

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import SpanContext, TraceFlags
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as open_metrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from instrumentation._metrics.histogram import bound_observer
from instrumentation._scrape.render import Renderer
from instrumentation._scrape.snapshot import RegistryReader
from instrumentation._support.guard import NullCounter, Operation

SPAN = SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(1))
LABEL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=8)
OBSERVED = st.dictionaries(LABEL, st.lists(st.floats(0, 100), max_size=4), max_size=4)


def samples(families: Iterable[Metric]) -> list[tuple[object, ...]]:
    """Return every sample except creation times, sorted."""
    return sorted(
        (sample.name, sorted(sample.labels.items()), sample.value, render_exemplar(sample.exemplar))
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_created")
    )


def parsed(text: bytes) -> list[tuple[object, ...]]:
    return samples(parse_open(text.decode()))  # type: ignore[no-untyped-call]  # prometheus_client has no types here


def render_exemplar(exemplar: Exemplar | None) -> str:
    return f"{sorted(exemplar.labels.items())} {exemplar.value}" if exemplar else ""


def renderer_of(registry: CollectorRegistry) -> Renderer:
    operation = Operation("scrape", NullCounter("scrape"), strict=True)
    return Renderer(RegistryReader(registry, operation=operation).snapshot)


def registry_of(observed: dict[str, list[float]]) -> CollectorRegistry:
    registry = CollectorRegistry()
    histogram = Histogram("h_seconds", 'A "help"\n\\', ["route"], registry=registry)
    events = Counter("events", "Other.", ["route"], registry=registry)
    for route, values in observed.items():
        child = bound_observer(histogram.labels(route))
        events.labels(route).inc()
        for value in values:
            child.observe_with_exemplar(value, SPAN, value)
    return registry


@given(OBSERVED)
def test_the_text_format_is_equal(observed: dict[str, list[float]]) -> None:
    registry = registry_of(observed)

    ours, theirs = renderer_of(registry).text().decode(), generate_latest(registry).decode()

    assert samples(parse(ours)) == samples(parse(theirs))


@given(OBSERVED)
def test_openmetrics_is_equal_with_its_exemplars(observed: dict[str, list[float]]) -> None:
    registry = registry_of(observed)

    ours, theirs = renderer_of(registry).open_metrics(), open_metrics(registry)  # type: ignore[no-untyped-call]  # prometheus_client has no types here

    assert parsed(ours) == parsed(theirs)


def test_a_second_scrape_includes_new_observations() -> None:
    registry = CollectorRegistry()
    histogram = Histogram("h_seconds", "Help.", registry=registry)
    renderer = renderer_of(registry)
    renderer.text()

    histogram.observe(0.5)

    assert b"h_seconds_count 1.0\n" in renderer.text()


class Failing(Collector):
    """Collector of the service whose database is down."""

    def collect(self) -> Iterable[Metric]:
        raise OSError("down")


def test_a_failing_collector_does_not_affect_the_others() -> None:
    registry = registry_of({"/": [0.5]})
    failures = Counter("failures", "Help.", registry=registry)
    registry.register(Failing())
    operation = Operation("scrape", failures, strict=False)

    text = Renderer(RegistryReader(registry, operation=operation).snapshot).text()

    assert b'events_total{route="/"} 1.0\n' in text
    assert b'h_seconds_count{route="/"} 1.0\n' in text
    assert registry.get_sample_value("failures_total") == 1


@pytest.mark.parametrize("write", [Renderer.text, Renderer.open_metrics])
def test_a_lone_surrogate_in_a_label_is_escaped(write: Callable[[Renderer], bytes]) -> None:
    text = write(renderer_of(registry_of({"\ud800": [0.5], "/": [0.5]})))

    assert b'events_total{route="\\\\ud800"} 1.0\n' in text
    assert b'h_seconds_count{route="\\\\ud800"} 1.0\n' in text
    assert b'h_seconds_count{route="/"} 1.0\n' in text


def test_a_gauge_whose_name_ends_with_created_is_render_exemplar() -> None:
    registry = CollectorRegistry()
    Gauge("orders_created", "Help.", registry=registry).set(7)

    assert b"orders_created 7.0\n" in renderer_of(registry).text()
