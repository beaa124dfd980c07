"""Load of wrk on subjects behind uvicorn, with one core for each side.

Benchmark and collector run on the core of wrk, so that the subject has its own core.
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
from tests.benchmarks.subjects import PLAIN, Case, Subject, export_environment, start_subjects
from tests.fakes import Collector

SCRIPT: Final = Path(__file__).with_name("wrk.lua")
PACE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Result of one round."""

    requests_per_second: float
    p99_seconds: float
    """99th percentile of the latency."""
    cpu_seconds: float
    """CPU of the subject per request."""


def why_unavailable() -> str:
    """Return the reason why figures cannot be measured, or an empty string."""
    return "" if shutil.which("wrk") else "not measured: apt-get install wrk"


def uvicorn_case(variant: str, *, label_sets: int = 0, environ: Mapping[str, str] = PLAIN) -> Case:
    """Return the case of a *variant* of the small service with additional *label_sets*."""
    arguments = (variant, label_sets, cores.SUBJECT)
    return Case(module="subject_uvicorn", arguments=arguments, environ=environ)


@contextmanager
def serving(cases: Mapping[str, Case]) -> Iterator[dict[str, Subject]]:
    """Start the subjects of *cases* and warm them up."""
    with (
        cores.on_other_core(),
        Collector() as collector,
        start_subjects(cases, export_environment(collector)) as subjects,
    ):
        for subject in subjects.values():
            run_load(subject, connections=32, seconds=1)
        yield subjects


def url(subject: Subject, path: str) -> str:
    """Return the URL of *path* on *subject*."""
    return f"http://127.0.0.1:{subject.greeting}{path}"


def idle() -> None:
    """Do nothing."""


def run_load(
    subject: Subject, *, connections: int, seconds: int, meanwhile: Callable[[], object] = idle
) -> Load:
    """Load *subject* over *connections*, and call *meanwhile* once per second."""
    process = psutil.Process(subject.process.pid)
    before = process.cpu_times()
    output = _wrk(url(subject, "/items/42?q=1"), connections, seconds, meanwhile)
    after = process.cpu_times()
    requests, microseconds, errors, p99 = map(int, output.rpartition("found")[2].split())
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
