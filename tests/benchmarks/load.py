"""Requests from wrk to subjects behind uvicorn; each side has a core of its own.

Benchmark and collector live on the core of wrk, and so take nothing from the subject.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from tests.benchmarks import cores
from tests.benchmarks.subjects import PLAIN, Case, Subject, exporting_to, side_by_side
from tests.fakes import Collector

SCRIPT: Final = Path(__file__).with_name("wrk.lua")
PACE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What came of one round."""

    requests_per_second: float
    p99_seconds: float
    """Within it all but a hundredth of the requests were answered."""
    cpu_seconds: float
    """Of the subject, a request."""


def missing() -> str:
    """What a row says instead of figures; empty: they can be measured."""
    return "" if shutil.which("wrk") else "not measured: apt-get install wrk"


def served(variant: str, *, label_sets: int = 0, environ: Mapping[str, str] = PLAIN) -> Case:
    """A *variant* of the small service behind uvicorn, with so many more *label_sets*."""
    arguments = (variant, label_sets, cores.SUBJECT)
    return Case(module="served", arguments=arguments, environ=environ)


@contextmanager
def serving(cases: Mapping[str, Case]) -> Iterator[dict[str, Subject]]:
    """The subjects of *cases*, warm."""
    with (
        cores.away_from_subject(),
        Collector() as collector,
        side_by_side(cases, exporting_to(collector)) as subjects,
    ):
        for subject in subjects.values():
            loaded(subject, connections=32, seconds=1)
        yield subjects


def url(subject: Subject, path: str) -> str:
    """Where *subject* answers."""
    return f"http://127.0.0.1:{subject.greeting}{path}"


def idle() -> None:
    """What there is to do beside most loads."""


def loaded(
    subject: Subject, *, connections: int, seconds: int, meanwhile: Callable[[], object] = idle
) -> Load:
    """Ask *subject* as fast as it answers so many *connections*; once a second do *meanwhile*."""
    process = psutil.Process(subject.process.pid)
    before = process.cpu_times()
    said = _wrk(url(subject, "/items/42?q=1"), connections, seconds, meanwhile)
    after = process.cpu_times()
    requests, microseconds, errors, p99 = map(int, said.rpartition("found")[2].split())
    if errors:
        raise RuntimeError(f"{errors} of {requests} requests to {subject.process.args!r} failed")
    return Load(
        requests_per_second=requests / microseconds * 1e6,
        p99_seconds=p99 / 1e6,
        cpu_seconds=(after.user + after.system - before.user - before.system) / requests,
    )


def _wrk(target: str, connections: int, seconds: int, meanwhile: Callable[[], object]) -> str:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(SCRIPT), target]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as wrk:
        while True:
            meanwhile()
            try:
                return wrk.communicate(timeout=PACE_SECONDS)[0]
            except subprocess.TimeoutExpired:
                continue
