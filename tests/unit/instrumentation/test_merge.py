"""What workers counted, added up, is what one worker would have counted."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.trace import SpanContext, TraceFlags
from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info

from instrumentation._metrics.histogram import observer
from instrumentation._scrape.merge import lasting, merged
from instrumentation._scrape.render import Renderer
from instrumentation._scrape.snapshot import Samples, Snapshot
from instrumentation._scrape.snapshot_json import decoded, encoded
from instrumentation._support.guard import NullCounter, Operation

READING = Operation("scrape", NullCounter("scrape"), strict=True)
ROUTES = st.sampled_from(["/", "/b{id}", 'quote " \\ \n', "\ud800", "\x00 ü"])
SHARES = st.lists(st.dictionaries(ROUTES, st.lists(st.integers(0, 20), max_size=4)), max_size=4)
"""Of several workers: what each observed, by route. Whole numbers: their sums are exact."""


def worker(share: dict[str, list[int]]) -> CollectorRegistry:
    registry = CollectorRegistry()
    durations = Histogram("h_seconds", "Help.", ["route"], registry=registry)
    events = Counter("events", "Help.", ["route"], registry=registry)
    for route, values in share.items():
        events.labels(route).inc(len(values))
        for value in values:
            observer(durations.labels(route)).observe(value)
    return registry


def alone(shares: list[dict[str, list[int]]]) -> CollectorRegistry:
    """One worker that observed all."""
    routes = {route: None for share in shares for route in share}
    return worker({r: [n for share in shares for n in share.get(r, [])] for r in routes})


def said(registry: CollectorRegistry) -> Snapshot:
    """What a worker tells, as it arrives."""
    return decoded(encoded(Samples(registry, reading=READING).snapshot()))


def lines(snapshot: Snapshot) -> list[str]:
    return sorted(Renderer(lambda: snapshot).open_metrics().decode().splitlines())


def together(*registries: CollectorRegistry) -> list[str]:
    return lines(merged(map(said, registries)))


@given(SHARES)
@settings(deadline=None)  # a busy machine is no failure
def test_several_workers_show_what_one_would(shares: list[dict[str, list[int]]]) -> None:
    assert together(worker({}), *map(worker, shares)) == lines(said(alone(shares)))


@given(SHARES)
@settings(deadline=None)  # a busy machine is no failure
def test_in_which_order_they_are_added_up_does_not_matter(
    shares: list[dict[str, list[int]]],
) -> None:
    snapshots = [said(worker(share)) for share in shares]

    in_pairs = merged([merged(snapshots[:2]), merged(snapshots[2:])])

    assert lines(in_pairs) == lines(merged(reversed(snapshots)))


def bucketed(*bounds: float) -> CollectorRegistry:
    """A worker of a release with these buckets, which observed 1, 3 and 9 seconds."""
    registry = CollectorRegistry()
    family = Histogram("h_seconds", "Help.", buckets=bounds, registry=registry)
    child = observer(family)
    for value in (1, 3, 9):
        child.observe(value)
    return registry


def buckets(found: Iterable[str]) -> list[str]:
    return [line for line in found if line.startswith("h_seconds_")]


def test_a_release_with_other_buckets_adds_its_own() -> None:
    found = together(bucketed(2.0, 8.0), bucketed(4.0))

    assert buckets(found) == [
        'h_seconds_bucket{le="+Inf"} 6.0',
        'h_seconds_bucket{le="2.0"} 1.0',
        'h_seconds_bucket{le="4.0"} 3.0',
        'h_seconds_bucket{le="8.0"} 4.0',
        "h_seconds_count 6.0",
        "h_seconds_sum 26.0",
    ]


def observed(trace: int) -> CollectorRegistry:
    """A worker whose last request was in this trace."""
    registry = CollectorRegistry()
    span = SpanContext(trace, 2, is_remote=False, trace_flags=TraceFlags(1))
    observer(Histogram("h_seconds", "Help.", registry=registry)).observe_in(span, 1.0)
    return registry


def test_the_newest_exemplar_is_shown() -> None:
    earlier, later = observed(trace=1), observed(trace=2)

    exemplars = [line.split(" # ")[1] for line in together(later, earlier) if " # {" in line]

    assert [exemplar.split('"')[1] for exemplar in exemplars] == [f"{2:032x}"]


def facts(in_flight: int, started: float) -> CollectorRegistry:
    """A worker's gauges and what it states about itself."""
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


def test_gauges_add_up_but_for_what_all_state_alike() -> None:
    assert samples(together(facts(2, 100.0), facts(3, 50.0))) == [
        'app_build_info{version="1"} 1.0',
        "events_total 4.0",
        "in_flight 5.0",
        'mode{mode="off"} 0.0',
        'mode{mode="on"} 1.0',
        "process_memory_limit_bytes 512.0",
        "process_start_time_seconds 50.0",
    ]


def waiting(oldest: float, newest: float) -> CollectorRegistry:
    """A worker that says how gauges of its own are to be taken together."""
    registry = CollectorRegistry()
    Gauge("oldest", "Help.", registry=registry, multiprocess_mode="max").set(oldest)
    Gauge("newest", "Help.", ["a"], registry=registry, multiprocess_mode="livemin").labels("b").set(
        newest
    )
    return registry


def test_a_gauge_may_say_how_it_is_taken_together() -> None:
    found = samples(together(waiting(9, 2), waiting(7, 1), waiting(8, 3)))

    assert found == ['newest{a="b"} 1.0', "oldest 9.0"]


def test_of_a_worker_that_is_gone_only_what_grows_counts() -> None:
    assert samples(lines(lasting(said(facts(2, 100.0))))) == ["events_total 2.0"]


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b"null", b'[[], {}]\n["h"]'])
def test_what_is_no_snapshot_is_told(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decoded(text)
