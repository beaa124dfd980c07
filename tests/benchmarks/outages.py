"""Fault matrix: spans lost and costs while a collector is down, hangs or returns errors.

``python -m tests.benchmarks.outages --seconds 30`` runs all cases at the same time and prints a
table. It exits with status 1 if a span was lost or not counted.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.outages_service import Report
from tests.fakes import BLACKHOLE, CLOSED, DRIP, LOST_ACK, RESET, Collector, Fault, slow, status

HTTP: Final = "http/protobuf"
GRPC: Final = "grpc"

CASES: Final[tuple[tuple[str, str, Fault], ...]] = (
    (HTTP, "closed port", CLOSED),
    (HTTP, "blackhole", BLACKHOLE),
    (HTTP, "drip, a byte a second", DRIP),
    (HTTP, "reset", RESET),
    (HTTP, "answer lost", LOST_ACK),
    (HTTP, "slow, 3 s", slow(3)),
    (HTTP, "302", status(302)),
    (HTTP, "401", status(401)),
    (HTTP, "429, Retry-After 5", status(429, retry_after="5")),
    (HTTP, "429", status(429)),
    (HTTP, "500", status(500)),
    (HTTP, "503, Retry-After 5", status(503, retry_after="5")),
    (HTTP, "503", status(503)),
    (GRPC, "closed port", CLOSED),
    (GRPC, "blackhole", BLACKHOLE),
    (GRPC, "UNAVAILABLE", status(503)),
    (GRPC, "RESOURCE_EXHAUSTED, RetryInfo 5", status(429, retry_after="5")),
    (GRPC, "INTERNAL", status(500)),
)

HEAD: Final = (
    "| protocol | outage | ended | arrived | lost | repeated | recovered in s "
    "| end() p99 µs | queue KiB | memory +MB | log lines | shutdown s |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|\n"
)

Service = subprocess.Popen[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Result of one case at the service and at the collector."""

    protocol: str
    outage: str
    report: Report
    arrived: int
    """Distinct spans at the collector."""
    deliveries: int
    """Spans at the collector, including repeated ones."""

    @property
    def complete(self) -> bool:
        """True if every span arrived and was counted by the service."""
        report = self.report
        return self.arrived == report.accepted == report.exported and report.lost == 0


def main() -> int:
    """Run the cases. Return 1 if a span was lost."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=30.0, help="length of the outage")
    arguments.add_argument("--only", default="", help="cases whose name contains this")
    parsed = arguments.parse_args()
    outcomes = run_cases(parsed.seconds, parsed.only)
    print(table(outcomes))  # noqa: T201  the report
    return 0 if all(outcome.complete for outcome in outcomes) else 1


def run_cases(seconds: float, only: str = "") -> list[Outcome]:
    """Run every case whose name contains *only*, all at the same time."""
    selected = [case for case in CASES if only in case[1]]
    with ThreadPoolExecutor(len(selected)) as pool:
        return list(pool.map(lambda case: outcome(*case, seconds=seconds), selected))


def outcome(protocol: str, name: str, fault: Fault, *, seconds: float) -> Outcome:
    """Run a service before, during and after an outage of *seconds*."""
    with Collector() as collector, _service(protocol, collector, seconds) as service:
        _expect_line(service, "healthy")
        collector.misbehave(fault)
        _expect_line(service, "outage over")
        collector.behave()
        report = Report(**json.loads(_expect_line(service, "{")))
        return Outcome(
            protocol=protocol,
            outage=name,
            report=report,
            arrived=len(collector.spans),
            deliveries=collector.deliveries,
        )


@contextmanager
def _service(protocol: str, collector: Collector, seconds: float) -> Iterator[Service]:
    endpoint = collector.http_endpoint if protocol == HTTP else collector.grpc_endpoint
    service = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.outages_service", str(seconds)],
        env={
            **os.environ,
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield service
    finally:
        service.kill()
        service.communicate()


def _expect_line(service: Service, word: str) -> str:
    """Return the next line of *service*, which must begin with *word*."""
    assert service.stdout is not None
    line = service.stdout.readline()
    if not line.startswith(word):
        raise RuntimeError(f"the service printed {line!r}: expected {word!r}")
    return line


def table(outcomes: Sequence[Outcome]) -> str:
    """Return a Markdown table with a row per case."""
    return HEAD + "".join(map(_row, outcomes))


def _row(outcome: Outcome) -> str:
    report = outcome.report
    cells = (
        outcome.protocol,
        outcome.outage,
        f"{report.accepted:,}",
        f"{outcome.arrived:,}",
        f"{report.lost}",
        f"{outcome.deliveries - outcome.arrived:,}",
        f"{report.recovered_seconds:.1f}",
        f"{report.end_p99_seconds * 1e6:.0f}",
        f"{report.queue_bytes / 1024:,.0f}",
        f"{report.memory_bytes / 1e6:.1f}",
        f"{report.log_lines}",
        f"{report.shutdown_seconds:.2f}",
    )
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    sys.exit(main())
