"""The dead are counted once each, whoever adds them up and whatever happens to him."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.metrics_core import Metric

from instrumentation._scrape.snapshot import Samples
from instrumentation._scrape.snapshot_json import encoded
from instrumentation._scrape.workers_folder import REMAINS, Folder
from instrumentation._scrape.workers_remains import MOST_NAMES, Remains
from instrumentation._support.guard import NullCounter, Operation
from tests.waiting import until

READING = Operation("workers_ask", NullCounter("workers_ask"), strict=False)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder("page", root=tmp_path)


def word(count: int) -> bytes:
    """What a worker said that counted so many events and had three requests in flight."""
    registry = CollectorRegistry()
    Counter("events", "Help.", registry=registry).inc(count)
    Gauge("in_flight", "Help.", registry=registry).set(3)
    return encoded(Samples(registry, reading=READING).snapshot())


def events(folder: Folder) -> float:
    """How many the remains tell of, read anew."""
    return total(Remains(folder, READING).counted().said.others)


def total(metrics: list[Metric]) -> float:
    return sum(sample.value for metric in metrics for sample in metric.samples)


def test_the_dead_become_one(folder: Folder) -> None:
    remains = Remains(folder, READING)
    folder.write("1-1", word(5))
    folder.write("2-1", word(7))

    remains.absorb(["1-1", "2-1", "3-1"])  # the third died without a word

    assert folder.workers() == set()
    assert total(remains.counted().said.others) == events(folder) == 12


def test_those_who_die_later_are_added(folder: Folder) -> None:
    remains = Remains(folder, READING)
    folder.write("1-1", word(5))
    remains.absorb(["1-1"])
    folder.write("2-1", word(7))
    remains.absorb(["2-1"])

    assert remains.counted().names == ["1-1", "2-1"]
    assert events(folder) == 12


def test_a_word_that_was_counted_but_not_removed_counts_no_more(folder: Folder) -> None:
    folder.write("1-1", word(5))
    Remains(folder, READING).absorb(["1-1"])
    folder.write("1-1", word(5))  # as if he who added it had died just then

    Remains(folder, READING).absorb(["1-1"])

    assert folder.workers() == set()
    assert events(folder) == 5


def test_only_one_sibling_adds_at_a_time(folder: Folder) -> None:
    folder.write("1-1", word(5))

    with folder.alone() as first:
        Remains(folder, READING).absorb(["1-1"])

    assert first
    assert folder.workers() == {"1-1"}


def test_broken_files_cost_themselves_alone(folder: Folder) -> None:
    folder.write("1-1", b"[[broken")
    folder.write("2-1", word(7))
    folder.write(REMAINS, b"broken")

    Remains(folder, READING).absorb(["1-1", "2-1"])

    assert events(folder) == 7


def test_names_are_not_kept_for_ever(folder: Folder) -> None:
    dead = [f"{process}-1" for process in range(MOST_NAMES + 5)]

    Remains(folder, READING).absorb(dead)

    assert len(Remains(folder, READING).counted().names) == MOST_NAMES


ADDING = """
import sys
from tests.unit.instrumentation.test_workers_remains import READING, Folder, Path, Remains

folder = Folder("page", root=Path(sys.argv[1]), server=int(sys.argv[2]))
while dead := sorted(folder.workers())[:1]:
    Remains(folder, READING).absorb(dead)
"""


def adding(root: Path) -> subprocess.Popen[bytes]:
    """A sibling that adds the dead one by one until none is left."""
    return subprocess.Popen([sys.executable, "-c", ADDING, str(root), str(os.getppid())])


def killed(process: subprocess.Popen[bytes]) -> int:
    """How *process*, which was killed, ended."""
    process.kill()
    return process.wait(60)


def test_nobody_is_lost_or_counted_twice_when_those_who_add_are_killed(tmp_path: Path) -> None:
    folder = crowded(tmp_path, dead=1000)
    survivor, *others = (adding(tmp_path) for _ in range(3))
    until(lambda: len(folder.workers()) < 900, within_seconds=60)

    ended = [*map(killed, others), survivor.wait(60)]

    assert ended == [-9, -9, 0]
    assert folder.workers() == set()
    assert events(folder) == 1000


def crowded(root: Path, *, dead: int) -> Folder:
    """A folder with so many words, each of one event."""
    folder, one = Folder("page", root=root), word(1)
    for process in range(dead):
        folder.write(f"{process}-1", one)
    return folder
