"""Spans that the real Jaeger rejects do not affect other spans, also during a shutdown.

The long form takes two minutes per test: ``SIGHTLINE_POISON_SECONDS=120 make jaeger-test``.
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
MAX_DELAY_SECONDS: Final = 5.0

LOGGER: Final = logging.getLogger(__name__)

Start = Callable[[tuple[Path, ...]], Jaeger]


class ObservedService:
    """Running service, with the time at which Jaeger first returned each span."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path, jaeger: Jaeger) -> None:
        self.process = process
        self._output = output
        self._query = f"{jaeger.url('JAEGER_QUERY_PORT')}/api/traces"
        self._metrics = f"{jaeger.url('JAEGER_SPAN_METRICS_PORT')}/metrics"
        self._seen: dict[str, float] = {}

    def ended(self) -> bool:
        """Query Jaeger once. Return true if the service had exited before."""
        ended = self.process.poll() is not None
        recent = f"{(time.time() - 20) * 1e6:.0f}"
        params = {"service": SERVICE, "limit": "2000", "start": recent}
        found = httpx.get(self._query, params=params, timeout=30).json()["data"]
        now = time.time()
        for trace in found or ():
            self._seen.setdefault(trace["traceID"], now)
        return ended

    def ended_spans(self) -> int:
        """Query Jaeger once, and return the number of spans that ended so far."""
        self.ended()
        return self._output.read_text().count("\n")

    def outcome(self) -> "Outcome":
        """Return the outcome of a service that has exited."""
        *lines, statistics = self._output.read_text().splitlines()
        ended = [line.split() for line in lines]
        good = {trace_id: float(at) for trace_id, at, kind in ended if kind == "good"}
        delays = [
            self._seen[trace_id] - at for trace_id, at in good.items() if trace_id in self._seen
        ]
        stats = json.loads(statistics)
        outcome = Outcome(
            good=len(good),
            lost=len(good) - len(delays),
            max_delay_seconds=max(delays),
            dropped=stats["dropped"],
        )
        LOGGER.warning("%s, %s, calls counted by Jaeger: %.0f", outcome, statistics, self._calls())
        return outcome

    def _calls(self) -> float:
        page = httpx.get(self._metrics).text
        matching = [
            line for line in page.splitlines() if "calls_total{" in line and SERVICE in line
        ]
        return sum(float(line.rpartition(" ")[2]) for line in matching)


class Outcome(NamedTuple):
    """Outcome of the spans."""

    good: int
    lost: int
    """Good spans that are missing in Jaeger."""
    max_delay_seconds: float
    """Maximum seconds from the end of a good span until Jaeger returned it."""
    dropped: Mapping[str, int]


@pytest.fixture
def poisoned(start: Start, tmp_path: Path) -> Iterator[ObservedService]:
    """Service that exports to a Jaeger for `SECONDS`."""
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
        yield ObservedService(process, output, jaeger)
    finally:
        process.kill()
        process.wait()


def test_one_poison_span_per_second_loses_no_good_span(poisoned: ObservedService) -> None:
    until(poisoned.ended, within_seconds=2 * SECONDS + 60, every_seconds=0.5)
    outcome = poisoned.outcome()

    assert outcome.good > 0.9 * (SPANS_PER_SECOND - 1) * SECONDS
    assert (outcome.lost, outcome.dropped["shutdown"]) == (0, 0)
    assert outcome.max_delay_seconds < MAX_DELAY_SECONDS


def test_sigterm_loses_no_good_span(poisoned: ObservedService) -> None:
    half = SPANS_PER_SECOND * SECONDS / 2
    until(lambda: poisoned.ended_spans() > half, within_seconds=2 * SECONDS + 60)

    poisoned.process.terminate()

    until(poisoned.ended, within_seconds=30)
    outcome = poisoned.outcome()
    assert (outcome.lost, outcome.dropped["queue_full"]) == (0, 0)
    assert outcome.max_delay_seconds < MAX_DELAY_SECONDS
