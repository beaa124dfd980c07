"""A worker among siblings that are dead, cut short or not quite themselves."""

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

from instrumentation._scrape.snapshot import Samples
from instrumentation._scrape.snapshot_json import encoded
from instrumentation._scrape.workers import Workers
from instrumentation._scrape.workers_answers import END
from instrumentation._scrape.workers_folder import Folder, worker
from instrumentation._support.guard import Guard, NullCounter

GUARD = Guard(NullCounter, strict=False)
DEAD = "4194305-1"
ALIVE = worker(os.getppid())
"""A process that is no worker, but lives."""


def samples(count: int) -> Samples:
    """What a worker counts that has seen so many events."""
    registry = CollectorRegistry()
    Counter("events", "Help.", registry=registry).inc(count)
    return Samples(registry, reading=GUARD.operation("scrape"))


def word(count: int) -> bytes:
    return encoded(samples(count).snapshot())


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder("page", root=tmp_path)


@pytest.fixture
def workers(folder: Folder) -> Iterator[Workers]:
    """A worker that has seen one event."""
    workers = Workers(samples(1), folder, GUARD)
    yield workers
    workers.close()


def events(workers: Workers) -> float:
    """All that are told of."""
    return sum(sample.value for found in workers.snapshot().others for sample in found.samples)


@contextmanager
def answering(folder: Folder, answer: bytes) -> Iterator[None]:
    """A sibling that lives and answers once."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(folder.address(ALIVE))
        listening.listen()
        thread = Thread(target=lambda: told(listening, answer))
        thread.start()
        yield
        thread.join()


def told(listening: socket.socket, answer: bytes) -> None:
    with listening.accept()[0] as sibling:
        sibling.sendall(answer)


def test_the_answer_of_a_sibling_is_added(folder: Folder, workers: Workers) -> None:
    with answering(folder, word(5) + END):
        assert events(workers) == 6


class Asking(Collector):
    """A collector of the service that asks for the page itself."""

    page: Workers | None = None

    def collect(self) -> Iterator[Metric]:
        page, self.page = self.page, None
        if page is not None:
            page.snapshot()
        yield Metric("asking", "Help.", "gauge")


@pytest.mark.timeout(20)  # it once waited for itself
def test_a_collector_may_ask_for_the_page_itself(folder: Folder) -> None:
    registry, asking = CollectorRegistry(), Asking()
    registry.register(asking)
    workers = Workers(Samples(registry, reading=GUARD.operation("scrape")), folder, GUARD)
    asking.page = workers

    found = workers.snapshot()

    workers.close()
    assert [metric.name for metric in found.others] == ["asking"]


def test_an_answer_that_is_cut_short_is_not_believed(folder: Folder, workers: Workers) -> None:
    folder.write(ALIVE, word(4))

    with answering(folder, word(5)[:40]):
        assert events(workers) == 5


def test_nonsense_costs_itself_alone(folder: Folder, workers: Workers) -> None:
    folder.write(DEAD, word(3))

    with answering(folder, b'{"some": "other protocol"}' + END):
        assert events(workers) == 4


def test_a_sibling_that_closed_counts_with_its_last_word(folder: Folder, workers: Workers) -> None:
    folder.write(ALIVE, word(5))

    assert events(workers) == 6
    assert events(workers) == 6


def test_the_dead_count_where_they_cannot_be_added_up(folder: Folder, workers: Workers) -> None:
    folder.write(DEAD, word(3))
    (folder.path / "remains.draft").mkdir()  # nobody can write there

    assert events(workers) == 4
    assert events(workers) == 4


def test_a_worker_that_cannot_leave_a_word_still_answers(folder: Folder, workers: Workers) -> None:
    folder.forget([worker(os.getpid())])
    (folder.path / f"{worker(os.getpid())}.draft").mkdir()

    assert events(workers) == 1


def test_the_last_word_is_left_at_the_end(folder: Folder) -> None:
    workers = Workers(samples(7), folder, GUARD)

    workers.close()

    assert folder.read(worker(os.getpid())) == word(7)


CHURN = """
import sys
from instrumentation._scrape.workers_remains import Remains
from tests.unit.instrumentation.test_workers import GUARD, Folder, Path, word

folder, one = Folder("page", root=Path(sys.argv[1]), server=int(sys.argv[2])), word(1)
remains = Remains(folder, GUARD.operation("workers_ask"))
for number in range(400):
    folder.write(f"{number}-1", one)
    remains.absorb([f"{number}-1"])
"""


def totals(workers: Workers, process: subprocess.Popen[bytes]) -> Iterator[float]:
    """What scrapes tell until *process* has ended, and then."""
    while process.poll() is None:
        yield events(workers)
    yield events(workers)


def test_no_total_goes_back_while_siblings_add_the_dead(tmp_path: Path, workers: Workers) -> None:
    arguments = [str(tmp_path), str(os.getppid())]

    with subprocess.Popen([sys.executable, "-c", CHURN, *arguments]) as churning:
        seen = list(totals(workers, churning))

    assert seen == sorted(seen)
    assert len(set(seen)) > 10
    assert seen[-1] == 401
