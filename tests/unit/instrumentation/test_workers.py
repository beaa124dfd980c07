"""A worker includes its siblings: exited, truncated, or with a corrupt answer."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from instrumentation._scrape.snapshot import RegistryReader
from instrumentation._scrape.snapshot_json import encode
from instrumentation._scrape.worker_client import END
from instrumentation._scrape.worker_directory import WorkerDirectory, worker_id
from instrumentation._scrape.workers import Workers
from instrumentation._support.guard import Guard, NullCounter

GUARD = Guard(NullCounter, strict=False)
EXITED_WORKER = "4194305-1"
LIVE_SIBLING = worker_id(os.getppid())
"""Id of a live process that is no worker."""


def reader_of(count: int) -> RegistryReader:
    """Return the reader of a worker that counted *count* events."""
    registry = CollectorRegistry()
    Counter("events", "Help.", registry=registry).inc(count)
    return RegistryReader(registry, operation=GUARD.operation("scrape"))


def content(count: int) -> bytes:
    return encode(reader_of(count).snapshot())


@pytest.fixture
def directory(tmp_path: Path) -> WorkerDirectory:
    return WorkerDirectory("page", root=tmp_path)


@pytest.fixture
def workers(directory: WorkerDirectory) -> Iterator[Workers]:
    """A worker that counted one event."""
    workers = Workers(reader_of(1), directory, GUARD)
    yield workers
    workers.close()


def events(workers: Workers) -> float:
    """Return the events of all workers."""
    return sum(sample.value for found in workers.snapshot().others for sample in found.samples)


@contextmanager
def live_sibling(directory: WorkerDirectory, answer: bytes) -> Iterator[None]:
    """Run a live sibling that answers once in the block."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(directory.address(LIVE_SIBLING))
        listening.listen()
        thread = Thread(target=lambda: answer_once(listening, answer))
        thread.start()
        yield
        thread.join()


def answer_once(listening: socket.socket, answer: bytes) -> None:
    with listening.accept()[0] as sibling:
        sibling.sendall(answer)


def test_the_answer_of_a_sibling_is_added(directory: WorkerDirectory, workers: Workers) -> None:
    with live_sibling(directory, content(5) + END):
        assert events(workers) == 6


class Recursive(Collector):
    """Collector of the service that scrapes the page itself."""

    page: Workers | None = None

    def collect(self) -> Iterator[Metric]:
        page, self.page = self.page, None
        if page is not None:
            page.snapshot()
        yield Metric("recursive", "Help.", "gauge")


@pytest.mark.timeout(20)  # it once deadlocked
def test_a_collector_may_scrape_the_page_itself(directory: WorkerDirectory) -> None:
    registry, recursive = CollectorRegistry(), Recursive()
    registry.register(recursive)
    workers = Workers(
        RegistryReader(registry, operation=GUARD.operation("scrape")), directory, GUARD
    )
    recursive.page = workers

    found = workers.snapshot()

    workers.close()
    assert [metric.name for metric in found.others] == ["recursive"]


def test_a_truncated_answer_is_replaced_by_the_file(
    directory: WorkerDirectory, workers: Workers
) -> None:
    directory.write(LIVE_SIBLING, content(4))

    with live_sibling(directory, content(5)[:40]):
        assert events(workers) == 5


def test_an_answer_of_another_protocol_does_not_affect_the_others(
    directory: WorkerDirectory, workers: Workers
) -> None:
    directory.write(EXITED_WORKER, content(3))

    with live_sibling(directory, b'{"some": "other protocol"}' + END):
        assert events(workers) == 4


def test_a_closed_sibling_counts_with_its_last_snapshot(
    directory: WorkerDirectory, workers: Workers
) -> None:
    directory.write(LIVE_SIBLING, content(5))

    assert events(workers) == 6
    assert events(workers) == 6


def test_exited_workers_count_when_the_total_cannot_be_written(
    directory: WorkerDirectory, workers: Workers
) -> None:
    directory.write(EXITED_WORKER, content(3))
    (directory.path / "exited.draft").mkdir()  # makes the write fail

    assert events(workers) == 4
    assert events(workers) == 4


def test_a_worker_that_cannot_write_its_file_still_answers(
    directory: WorkerDirectory, workers: Workers
) -> None:
    directory.remove([worker_id(os.getpid())])
    (directory.path / f"{worker_id(os.getpid())}.draft").mkdir()

    assert events(workers) == 1


def test_close_persists_a_last_snapshot(directory: WorkerDirectory) -> None:
    workers = Workers(reader_of(7), directory, GUARD)

    workers.close()

    assert directory.read(worker_id(os.getpid())) == content(7)


CHURN = """
import sys
from instrumentation._scrape.exited_workers import ExitedWorkers
from tests.unit.instrumentation.test_workers import GUARD, Path, WorkerDirectory, content

directory = WorkerDirectory("page", root=Path(sys.argv[1]), server=int(sys.argv[2]))
one, exited = content(1), ExitedWorkers(directory, GUARD.operation("workers_ask"))
for number in range(400):
    directory.write(f"{number}-1", one)
    exited.absorb([f"{number}-1"])
"""


def totals(workers: Workers, process: subprocess.Popen[bytes]) -> Iterator[float]:
    """Yield the result of scrapes until *process* has exited, and of one scrape after it."""
    while process.poll() is None:
        yield events(workers)
    yield events(workers)


def test_no_total_decreases_while_siblings_add_exited_workers(
    tmp_path: Path, workers: Workers
) -> None:
    arguments = [str(tmp_path), str(os.getppid())]

    with subprocess.Popen([sys.executable, "-c", CHURN, *arguments]) as churning:
        seen = list(totals(workers, churning))

    assert seen == sorted(seen)
    assert len(set(seen)) > 10
    assert seen[-1] == 401
