"""Spans that the real Jaeger refuses cost no other span, neither in time nor at a shutdown.

The long form, two minutes each, is ``SIGHTLINE_POISON_SECONDS=120 make jaeger-test``.
"""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import httpx
import pytest

from tests.jaeger.conftest import PLAIN, Jaeger
from tests.jaeger.poisoned_service import SERVICE, SPANS_PER_SECOND
from tests.waiting import until

SECONDS: Final = float(os.environ.get("SIGHTLINE_POISON_SECONDS", "8"))
LATEST_SECONDS: Final = 5.0

LOGGER: Final = logging.getLogger(__name__)

Start = Callable[[tuple[Path, ...]], Jaeger]


class Watched:
    """The service at work, and when each of its spans was first seen in Jaeger."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path, jaeger: Jaeger) -> None:
        self.process = process
        self._output = output
        self._query = f"{jaeger.url('JAEGER_QUERY_PORT')}/api/traces"
        self._metrics = f"{jaeger.url('JAEGER_SPAN_METRICS_PORT')}/metrics"
        self._seen: dict[str, float] = {}

    def ended(self) -> bool:
        """Look at Jaeger once; whether the service had ended before."""
        ended = self.process.poll() is not None
        recent = f"{(time.time() - 20) * 1e6:.0f}"
        params = {"service": SERVICE, "limit": "2000", "start": recent}
        found = httpx.get(self._query, params=params, timeout=30).json()["data"]
        now = time.time()
        for trace in found or ():
            self._seen.setdefault(trace["traceID"], now)
        return ended

    def ended_spans(self) -> int:
        """Look at Jaeger once; how many spans ended so far."""
        self.ended()
        return self._output.read_text().count("\n")

    def outcome(self) -> "Outcome":
        """Return the account of a service that has ended."""
        *lines, account = self._output.read_text().splitlines()
        ended = [line.split() for line in lines]
        good = {trace_id: float(at) for trace_id, at, kind in ended if kind == "good"}
        delays = [
            self._seen[trace_id] - at for trace_id, at in good.items() if trace_id in self._seen
        ]
        stats = json.loads(account)
        outcome = Outcome(
            good=len(good),
            lost=len(good) - len(delays),
            latest=max(delays),
            dropped=stats["dropped"],
        )
        LOGGER.warning("%s, %s, calls counted by Jaeger: %.0f", outcome, account, self._calls())
        return outcome

    def _calls(self) -> float:
        page = httpx.get(self._metrics).text
        wanted = [line for line in page.splitlines() if "calls_total{" in line and SERVICE in line]
        return sum(float(line.rpartition(" ")[2]) for line in wanted)


class Outcome(NamedTuple):
    """What came of the spans."""

    good: int
    lost: int
    """Good spans that Jaeger does not have."""
    latest: float
    """Longest time in seconds from the end of a good span until it was seen in Jaeger."""
    dropped: Mapping[str, int]


@pytest.fixture
def poisoned(start: Start, tmp_path: Path) -> Iterator[Watched]:
    """The service, exporting to a Jaeger for `SECONDS`."""
    jaeger = start(PLAIN)
    output = tmp_path / "ended.txt"
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": jaeger.url("OTLP_HTTP_PORT"),
        "OTEL_BSP_SCHEDULE_DELAY": "500",
    }
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.jaeger.poisoned_service", str(SECONDS)],
            env={**os.environ, **environ},
            stdout=file,
        )
    try:
        yield Watched(process, output, jaeger)
    finally:
        process.kill()
        process.wait()


def test_a_poison_span_each_second_costs_no_good_span(poisoned: Watched) -> None:
    until(poisoned.ended, within_seconds=2 * SECONDS + 60, every_seconds=0.5)
    outcome = poisoned.outcome()

    assert outcome.good > 0.9 * (SPANS_PER_SECOND - 1) * SECONDS
    assert (outcome.lost, outcome.dropped["shutdown"]) == (0, 0)
    assert outcome.latest < LATEST_SECONDS


def test_sigterm_in_the_middle_loses_no_good_span(poisoned: Watched) -> None:
    half = SPANS_PER_SECOND * SECONDS / 2
    until(lambda: poisoned.ended_spans() > half, within_seconds=2 * SECONDS + 60)

    poisoned.process.terminate()

    until(poisoned.ended, within_seconds=30)
    outcome = poisoned.outcome()
    assert (outcome.lost, outcome.dropped["queue_full"]) == (0, 0)
    assert outcome.latest < LATEST_SECONDS
