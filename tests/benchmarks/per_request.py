"""What watching costs a request, export included: CPU as a ratio to the bare service.

The variants run as processes side by side, a round each in turn, and the cheapest round of each
counts: a busy machine makes rounds dearer, never cheaper.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from tests.benchmarks.rows import Row
from tests.fakes import Collector

ROUNDS: Final = 15
REQUESTS: Final = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One process to measure."""

    variant: str
    routes: int = 1
    parent: str = "none"
    environ: Mapping[str, str] = field(default_factory=dict)


TENTH: Final = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}

CASES: Final = {
    "bare": Case(variant="bare"),
    "ours": Case(variant="ours"),
    "metrics": Case(variant="metrics"),
    "tenth": Case(variant="ours", environ=TENTH),
    "unsampled": Case(variant="ours", parent="unsampled"),
    "bare of 50": Case(variant="bare", routes=50),
    "ours of 50": Case(variant="ours", routes=50),
    "contrib+pfi": Case(variant="contrib+pfi"),
    "native": Case(variant="native"),
    "pfi": Case(variant="pfi"),
}


def rows() -> Iterator[Row]:
    """The figures for the table."""
    cpu = measured(CASES)
    bare, added = cpu["bare"], cpu["ours"] - cpu["bare"]
    heaviest = cpu["contrib+pfi"] - bare

    def ratio(name: str) -> str:
        return f"{cpu[name] / bare:.2f}"

    yield Row(
        figure="CPU a request: traces, metrics, exemplars, export (ratio to bare)",
        goal="≤ 1.5",
        ours=ratio("ours"),
        peer=f"FastAPI native, no metrics {ratio('native')}; contrib+PFI {ratio('contrib+pfi')}",
    )
    yield Row(
        figure="added CPU, ours to contrib+PFI",
        goal="≤ 1/12",
        ours=f"1/{heaviest / added:.0f} ({added:.0f} µs)",
        peer=f"1 ({heaviest:.0f} µs)",
    )
    yield Row(
        figure="metrics only (ratio to bare)",
        goal="≤ 1.08",
        ours=ratio("metrics"),
        peer=f"PFI {ratio('pfi')}",
    )
    for name, words in (("unsampled", "unsampled parent"), ("tenth", "10 % sampled")):
        yield Row(figure=f"{words} (ratio to bare)", goal="≤ 1.2", ours=ratio(name), peer="")
    yield Row(
        figure="added CPU at 50 routes to added CPU at 1",
        goal="≤ 1.1",
        ours=f"{(cpu['ours of 50'] - cpu['bare of 50']) / added:.2f}",
        peer="",
    )


def measured(cases: Mapping[str, Case]) -> dict[str, float]:
    """The least CPU µs a request of each case, over interleaved rounds."""
    with ExitStack() as open_now:
        collector = open_now.enter_context(Collector())
        workers = {
            name: open_now.enter_context(_worker(case, collector)) for name, case in cases.items()
        }
        for worker in workers.values():
            _line(worker)
        rounds = [{name: _round(worker) for name, worker in workers.items()} for _ in range(ROUNDS)]
        for worker in workers.values():
            worker.terminate()
    return {name: min(found[name] for found in rounds) for name in cases}


def _worker(case: Case, collector: Collector) -> subprocess.Popen[str]:
    module = ["-m", "tests.benchmarks.worker", case.variant, str(case.routes), case.parent]
    return subprocess.Popen(
        [sys.executable, *module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.http_endpoint,
            "OTEL_SERVICE_NAME": "bench",
            **case.environ,
        },
    )


def _round(worker: subprocess.Popen[str]) -> float:
    assert worker.stdin is not None
    worker.stdin.write(f"{REQUESTS}\n")
    worker.stdin.flush()
    return float(_line(worker))


def _line(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    line = worker.stdout.readline()
    if not line:
        raise RuntimeError(f"{worker.args!r} died; run it by hand to see why")
    return line
