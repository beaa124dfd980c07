"""The merged snapshots of several workers equal the snapshot of one worker."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import SpanContext, TraceFlags
from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info

from instrumentation._metrics.histogram import bound_observer
from instrumentation._scrape.merge import keep_cumulative, merge
from instrumentation._scrape.render import Renderer
from instrumentation._scrape.snapshot import RegistryReader, Snapshot
from instrumentation._scrape.snapshot_json import decode, encode
from instrumentation._support.guard import NullCounter, Operation

OPERATION = Operation("scrape", NullCounter("scrape"), strict=True)
ROUTES = st.sampled_from(["/", "/b{id}", 'quote " \\ \n', "\ud800", "\x00 ü"])
SHARES = st.lists(st.dictionaries(ROUTES, st.lists(st.integers(0, 20), max_size=4)), max_size=4)
"""Observations of several workers by route. Integers, because their sums are exact."""


def worker(share: dict[str, list[int]]) -> CollectorRegistry:
    registry = CollectorRegistry()
    durations = Histogram("h_seconds", "Help.", ["route"], registry=registry)
    events = Counter("events", "Help.", ["route"], registry=registry)
    for route, values in share.items():
        events.labels(route).inc(len(values))
        for value in values:
            bound_observer(durations.labels(route)).observe(value)
    return registry


def single_worker(shares: list[dict[str, list[int]]]) -> CollectorRegistry:
    """Return the registry of one worker that observed everything."""
    routes = {route: None for share in shares for route in share}
    return worker({r: [n for share in shares for n in share.get(r, [])] for r in routes})


def round_trip(registry: CollectorRegistry) -> Snapshot:
    """Return the snapshot of *registry* after a round trip through JSON."""
    return decode(encode(RegistryReader(registry, operation=OPERATION).snapshot()))


def lines(snapshot: Snapshot) -> list[str]:
    return sorted(Renderer(lambda: snapshot).open_metrics().decode().splitlines())


def merged_lines(*registries: CollectorRegistry) -> list[str]:
    return lines(merge(map(round_trip, registries)))


@given(SHARES)
def test_several_workers_equal_one_worker(shares: list[dict[str, list[int]]]) -> None:
    assert merged_lines(worker({}), *map(worker, shares)) == lines(
        round_trip(single_worker(shares))
    )


@given(SHARES)
def test_the_order_of_merging_does_not_matter(
    shares: list[dict[str, list[int]]],
) -> None:
    snapshots = [round_trip(worker(share)) for share in shares]

    in_pairs = merge([merge(snapshots[:2]), merge(snapshots[2:])])

    assert lines(in_pairs) == lines(merge(reversed(snapshots)))


def bucketed(*bounds: float) -> CollectorRegistry:
    """Return a worker whose release has these buckets and that observed 1, 3 and 9 seconds."""
    registry = CollectorRegistry()
    family = Histogram("h_seconds", "Help.", buckets=bounds, registry=registry)
    child = bound_observer(family)
    for value in (1, 3, 9):
        child.observe(value)
    return registry


def buckets(found: Iterable[str]) -> list[str]:
    return [line for line in found if line.startswith("h_seconds_")]


def test_a_release_with_other_buckets_adds_its_bounds() -> None:
    found = merged_lines(bucketed(2.0, 8.0), bucketed(4.0))

    assert buckets(found) == [
        'h_seconds_bucket{le="+Inf"} 6.0',
        'h_seconds_bucket{le="2.0"} 1.0',
        'h_seconds_bucket{le="4.0"} 3.0',
        'h_seconds_bucket{le="8.0"} 4.0',
        "h_seconds_count 6.0",
        "h_seconds_sum 26.0",
    ]


def worker_with_exemplar(trace: int) -> CollectorRegistry:
    """Return a worker whose last request was in this trace."""
    registry = CollectorRegistry()
    span = SpanContext(trace, 2, is_remote=False, trace_flags=TraceFlags(1))
    bound_observer(Histogram("h_seconds", "Help.", registry=registry)).observe_in(span, 1.0)
    return registry


def test_the_newest_exemplar_is_shown() -> None:
    earlier, later = worker_with_exemplar(trace=1), worker_with_exemplar(trace=2)

    exemplars = [line.split(" # ")[1] for line in merged_lines(later, earlier) if " # {" in line]

    assert [exemplar.split('"')[1] for exemplar in exemplars] == [f"{2:032x}"]


def worker_with_gauges(in_flight: int, started: float) -> CollectorRegistry:
    """Return a worker with gauges, an info metric, a stateset and a counter."""
    registry = CollectorRegistry()
    Gauge("in_flight", "Help.", registry=registry).set(in_flight)
    Gauge("process_start_time_seconds", "Help.", registry=registry).set(started)
    Gauge("process_memory_limit_bytes", "Help.", registry=registry).set(512)
    Info("app_build", "Help.", registry=registry).info({"version": "1"})
    Enum("mode", "Help.", states=["on", "off"], registry=registry).state("on")
    Counter("events", "Help.", registry=registry).inc(2)
    return registry


def samples(found: Iterable[str]) -> list[str]:
    return [line for line in found if not line.startswith("#")]


def test_gauges_are_summed_except_those_equal_in_every_worker() -> None:
    assert samples(merged_lines(worker_with_gauges(2, 100.0), worker_with_gauges(3, 50.0))) == [
        'app_build_info{version="1"} 1.0',
        "events_total 4.0",
        "in_flight 5.0",
        'mode{mode="off"} 0.0',
        'mode{mode="on"} 1.0',
        "process_memory_limit_bytes 512.0",
        "process_start_time_seconds 50.0",
    ]


def worker_with_modes(oldest: float, newest: float) -> CollectorRegistry:
    """Return a worker whose gauges have a `multiprocess_mode`."""
    registry = CollectorRegistry()
    Gauge("oldest", "Help.", registry=registry, multiprocess_mode="max").set(oldest)
    Gauge("newest", "Help.", ["a"], registry=registry, multiprocess_mode="livemin").labels("b").set(
        newest
    )
    return registry


def test_a_gauge_is_combined_by_its_multiprocess_mode() -> None:
    found = samples(
        merged_lines(worker_with_modes(9, 2), worker_with_modes(7, 1), worker_with_modes(8, 3))
    )

    assert found == ['newest{a="b"} 1.0', "oldest 9.0"]


def test_only_cumulative_metrics_of_an_exited_worker_count() -> None:
    assert samples(lines(keep_cumulative(round_trip(worker_with_gauges(2, 100.0))))) == [
        "events_total 2.0"
    ]


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b"null", b'[[], {}]\n["h"]'])
def test_invalid_text_raises_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(text)
