"""Exited workers are counted exactly once, even when the process that adds them is killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.metrics_core import Metric

from instrumentation._scrape.exited_workers import MAX_IDS, ExitedWorkers
from instrumentation._scrape.snapshot import RegistryReader
from instrumentation._scrape.snapshot_json import encode
from instrumentation._scrape.worker_directory import EXITED, WorkerDirectory
from instrumentation._support.guard import NullCounter, Operation
from tests.waiting import until

OPERATION = Operation("workers_ask", NullCounter("workers_ask"), strict=False)


@pytest.fixture
def directory(tmp_path: Path) -> WorkerDirectory:
    return WorkerDirectory("page", root=tmp_path)


def content(count: int) -> bytes:
    """Return the file of a worker that counted *count* events and had 3 requests in flight."""
    registry = CollectorRegistry()
    Counter("events", "Help.", registry=registry).inc(count)
    Gauge("in_flight", "Help.", registry=registry).set(3)
    return encode(RegistryReader(registry, operation=OPERATION).snapshot())


def events(directory: WorkerDirectory) -> float:
    """Return the events of the exited workers, read from the file."""
    return total(ExitedWorkers(directory, OPERATION).total().snapshot.others)


def total(metrics: list[Metric]) -> float:
    return sum(sample.value for metric in metrics for sample in metric.samples)


def test_exited_workers_are_added_up_in_one_file(directory: WorkerDirectory) -> None:
    exited = ExitedWorkers(directory, OPERATION)
    directory.write("1-1", content(5))
    directory.write("2-1", content(7))

    exited.absorb(["1-1", "2-1", "3-1"])  # the third has no file

    assert directory.worker_ids() == set()
    assert total(exited.total().snapshot.others) == events(directory) == 12


def test_workers_that_exit_later_are_added(directory: WorkerDirectory) -> None:
    exited = ExitedWorkers(directory, OPERATION)
    directory.write("1-1", content(5))
    exited.absorb(["1-1"])
    directory.write("2-1", content(7))
    exited.absorb(["2-1"])

    assert exited.total().worker_ids == ["1-1", "2-1"]
    assert events(directory) == 12


def test_a_file_that_was_added_but_not_removed_is_not_counted_again(
    directory: WorkerDirectory,
) -> None:
    directory.write("1-1", content(5))
    ExitedWorkers(directory, OPERATION).absorb(["1-1"])
    directory.write("1-1", content(5))  # as after a kill between adding and removing

    ExitedWorkers(directory, OPERATION).absorb(["1-1"])

    assert directory.worker_ids() == set()
    assert events(directory) == 5


def test_only_one_worker_adds_at_a_time(directory: WorkerDirectory) -> None:
    directory.write("1-1", content(5))

    with directory.try_lock() as first:
        ExitedWorkers(directory, OPERATION).absorb(["1-1"])

    assert first
    assert directory.worker_ids() == {"1-1"}


def test_a_corrupt_file_does_not_affect_the_others(directory: WorkerDirectory) -> None:
    directory.write("1-1", b"[[broken")
    directory.write("2-1", content(7))
    directory.write(EXITED, b"broken")

    ExitedWorkers(directory, OPERATION).absorb(["1-1", "2-1"])

    assert events(directory) == 7


def test_the_number_of_kept_ids_is_limited(directory: WorkerDirectory) -> None:
    exited = [f"{process}-1" for process in range(MAX_IDS + 5)]

    ExitedWorkers(directory, OPERATION).absorb(exited)

    assert len(ExitedWorkers(directory, OPERATION).total().worker_ids) == MAX_IDS


ABSORB_ALL = """
import sys
from tests.unit.instrumentation.test_exited_workers import OPERATION, ExitedWorkers, Path
from tests.unit.instrumentation.test_exited_workers import WorkerDirectory

directory = WorkerDirectory("page", root=Path(sys.argv[1]), server=int(sys.argv[2]))
while exited := sorted(directory.worker_ids())[:1]:
    ExitedWorkers(directory, OPERATION).absorb(exited)
"""


def start_absorbing(root: Path) -> subprocess.Popen[bytes]:
    """Start a worker that adds the exited ones one by one until none is left."""
    return subprocess.Popen([sys.executable, "-c", ABSORB_ALL, str(root), str(os.getppid())])


def kill_and_wait(process: subprocess.Popen[bytes]) -> int:
    """Kill *process* and return its exit code."""
    process.kill()
    return process.wait(60)


def test_every_exited_worker_is_counted_once_when_workers_are_killed(tmp_path: Path) -> None:
    directory = directory_with_workers(tmp_path, count=1000)
    survivor, *others = (start_absorbing(tmp_path) for _ in range(3))
    until(lambda: len(directory.worker_ids()) < 900, within_seconds=60)

    ended = [*map(kill_and_wait, others), survivor.wait(60)]

    assert ended == [-9, -9, 0]
    assert directory.worker_ids() == set()
    assert events(directory) == 1000


def directory_with_workers(root: Path, *, count: int) -> WorkerDirectory:
    """Return a directory with *count* files of exited workers, each with one event."""
    directory, one = WorkerDirectory("page", root=root), content(1)
    for process in range(count):
        directory.write(f"{process}-1", one)
    return directory
