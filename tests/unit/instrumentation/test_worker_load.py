"""A worker adds its own use of its process's limits; a page of several keeps the worst."""

import os
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from instrumentation._scrape import worker_load
from instrumentation._scrape.merge import keep_cumulative, merge
from instrumentation._scrape.snapshot import RegistryReader, Snapshot
from instrumentation._scrape.snapshot_json import decode, encode
from instrumentation._scrape.worker_load import (
    WINDOW_SECONDS,
    WorkerLoad,
    proportional_memory_bytes,
    with_exit,
)
from instrumentation._support.guard import NullCounter, Operation

OPERATION = Operation("scrape", NullCounter("scrape"), strict=False)


class Clock:
    """Monotonic clock that the test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Worker:
    """Worker with the metrics of a process, set by the test."""

    def __init__(self, server: int | None = None) -> None:
        self.registry = CollectorRegistry()
        for name, value in (("process_worker_count", 1), ("process_start_time_seconds", 5000)):
            Gauge(name, "Help.", registry=self.registry).set(value)
        self.cpu = Counter("process_cpu_seconds", "Help.", registry=self.registry)
        self.files = Gauge("process_open_fds", "Help.", registry=self.registry)
        Gauge("process_max_fds", "Help.", registry=self.registry).set(100)
        self.threads = Gauge("anyio_worker_threads_in_use", "Help.", registry=self.registry)
        Gauge("anyio_worker_threads_limit", "Help.", registry=self.registry).set(40)
        self.delay = Histogram(
            "asyncio_event_loop_delay_seconds",
            "Help.",
            registry=self.registry,
            buckets=(0.1, 0.2, 1.0),
        )
        self.load = WorkerLoad(server or os.getppid())

    def snapshot(self) -> Snapshot:
        """Return the snapshot as a sibling reads it."""
        taken = RegistryReader(self.registry, operation=OPERATION).snapshot()
        self.load.add(taken)
        return decode(encode(taken))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    monkeypatch.setattr(time, "process_time", lambda: 0.0)
    return clock


def values(*snapshots: Snapshot) -> dict[str, float]:
    """Return the sum over *snapshots* by name and labels."""
    return {
        "".join((sample.name, *sample.labels.values())): sample.value
        for metric in merge(snapshots).others
        for sample in metric.samples
    }


def test_the_worker_nearest_to_its_limit_is_kept() -> None:
    idle, busy = Worker(), Worker()
    busy.files.set(90)
    busy.threads.set(40)
    idle.files.set(10)

    page = values(idle.snapshot(), busy.snapshot())

    assert page["process_worker_count"] == 2
    assert page["process_worker_file_descriptor_utilization_ratio"] == 0.9
    assert page["process_worker_thread_utilization_ratio"] == 1.0
    assert page["process_open_fds"] == 100


def test_the_busiest_worker_is_measured_over_the_window(clock: Clock) -> None:
    idle, busy = Worker(), Worker()
    busy.cpu.inc(1000)
    busy.snapshot()
    for _ in range(80):
        clock.now += 10
        busy.cpu.inc(8)
        busy.snapshot()

    page = values(idle.snapshot(), busy.snapshot())

    assert page["process_worker_cpu_utilization_ratio"] == pytest.approx(0.8)


def test_frequent_scrapes_keep_no_more_samples(clock: Clock) -> None:
    worker = Worker()
    for _ in range(2000):
        clock.now += 1
        worker.cpu.inc(0.5)
        worker.snapshot()

    assert values(worker.snapshot())["process_worker_cpu_utilization_ratio"] == pytest.approx(0.5)
    samples = vars(worker.load)["_samples"]
    assert len(samples) <= WINDOW_SECONDS / worker_load.SAMPLE_SECONDS + 2


def test_the_slowest_event_loop_is_kept_and_forgotten_after_the_window(clock: Clock) -> None:
    slow, quick = Worker(), Worker()
    for _ in range(97):
        slow.delay.observe(0.05)
    for _ in range(3):
        slow.delay.observe(0.15)
    for _ in range(1000):
        quick.delay.observe(0.05)
    name = "process_worker_event_loop_delay_p99_seconds"

    blocked = values(slow.snapshot(), quick.snapshot())[name]
    for _ in range(40):
        clock.now += 10
        slow.delay.observe(0.05)
        slow.snapshot()

    assert blocked == pytest.approx(0.1 + 0.1 * 2 / 3)  # as histogram_quantile() does
    assert values(slow.snapshot(), quick.snapshot())[name] <= 0.1


def test_delays_beyond_the_last_bucket_are_the_last_bound() -> None:
    worker = Worker()
    worker.delay.observe(50)

    assert values(worker.snapshot())["process_worker_event_loop_delay_p99_seconds"] == 1.0


def test_the_start_is_that_of_the_server_and_the_same_in_all_workers() -> None:
    page = values(Worker(server=1).snapshot(), Worker(server=1).snapshot())

    assert page["process_start_time_seconds"] < 5000
    unknown = values(Worker(server=4194305).snapshot())
    assert unknown["process_start_time_seconds"] == 5000


def test_exits_are_counted_by_cause() -> None:
    closed, killed, alive = Worker(), Worker(), Worker()
    closed.load.closed = True

    exited = [with_exit(keep_cumulative(worker.snapshot())) for worker in (closed, killed)]

    page = values(*exited, alive.snapshot())
    assert page["process_worker_exits_total"] == 1
    assert page["process_worker_exits_totalkilled"] == 1
    assert page["process_worker_count"] == 1


def test_the_page_of_another_registry_is_unchanged() -> None:
    registry = CollectorRegistry()
    Counter("events", "Help.", registry=registry)
    snapshot = RegistryReader(registry, operation=OPERATION).snapshot()

    WorkerLoad(os.getppid()).add(snapshot)

    assert [metric.name for metric in snapshot.others] == ["events"]


def test_shared_memory_is_read_rarely(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[float] = []

    def read() -> int:
        reads.append(clock.now)
        return 100

    monkeypatch.setattr(worker_load, "proportional_memory_bytes", read)
    worker = Worker()
    for _ in range(12):
        clock.now += 10
        assert values(worker.snapshot())["process_memory_pss_bytes"] == 100

    assert len(reads) == 2


def test_shared_memory_is_absent_where_the_kernel_hides_it(tmp_path: Path) -> None:
    rollup = tmp_path / "smaps_rollup"
    rollup.write_text("00-ff ---p 00:00 0 [rollup]\nRss: 900 kB\nPss: 300 kB\nPss_Anon: 200 kB\n")

    assert proportional_memory_bytes(rollup) == 300 * 1024
    assert proportional_memory_bytes(tmp_path / "missing") is None
