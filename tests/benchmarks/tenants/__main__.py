"""Isolation of tenants that share a hostile service.

``python -m tests.benchmarks.tenants --requests 200000`` prints a table, a row for each server.
It exits with status 1 if telemetry crossed tenants, a server hung, a counter was wrong, or memory
grew.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import httpx

from tests.benchmarks.subjects import Case, Subject
from tests.benchmarks.tenants.servers import SERVERS, running, verdict
from tests.benchmarks.tenants.traffic import Traffic
from tests.waiting import until

WARM_UP: Final = 0.3
"""Ratio of the requests after which memory is taken for the first time."""
IDLE_WITHIN_SECONDS: Final = 60
MEMORY_BYTES: Final = 24_000_000
"""Growth that is normal for queues and allocators."""
COUNT: Final = "http_server_request_duration_seconds_count"
ACTIVE: Final = "http_server_active_requests"
ERRORS: Final = "sightline_internal_errors_total"

HEAD: Final = (
    "| server | requests | requests/s | crossed | failed | spans | repeated | log records "
    "| memory +MB | problems |\n|---|---|---|---|---|---|---|---|---|---|\n"
)


HUNG: Final = "| {} | | | | | | | | | the service stopped responding |\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Result of one server."""

    server: str
    requests: int
    seconds: float
    crossed: int
    """Answers, spans and log records with the identity of another tenant."""
    failed: dict[str, int]
    spans: int
    repeated: int
    records: int
    memory_bytes: int
    miscounted: dict[str, str]
    """Counters that differ from the independent count of connections."""

    @property
    def problems(self) -> list[str]:
        """Descriptions of what is wrong."""
        return [
            *([f"{self.crossed} crossed"] if self.crossed else []),
            *(f"{count} x {kind}" for kind, count in self.failed.items()),
            *(f"{name}: {found}" for name, found in self.miscounted.items()),
            *(["memory grew"] if self.memory_bytes > MEMORY_BYTES else []),
        ]

    @property
    def row(self) -> str:
        """The outcome as a row of the table."""
        return (
            f"| {self.server} | {self.requests:,} | {self.requests / self.seconds:,.0f} "
            f"| {self.crossed} | {sum(self.failed.values())} | {self.spans:,} | {self.repeated} "
            f"| {self.records:,} | {self.memory_bytes / 1e6:.1f} "
            f"| {'; '.join(self.problems) or 'none'} |\n"
        )


def outcome(server: str, requests: int) -> Outcome:
    """Send about *requests* to *server* and compare all counts."""
    with collecting() as collector, running(server, collector=int(collector.greeting)) as port:
        traffic = Traffic(port, forks=True)
        started = monotonic()
        asyncio.run(traffic.run(int(requests * WARM_UP)))
        before = verdict(port)
        asyncio.run(traffic.run(requests - traffic.sent))
        seconds = monotonic() - started
        after = wait_until_idle(port)
        tally = json.loads(collector.ask())
        return Outcome(
            server=server,
            requests=traffic.sent,
            seconds=seconds,
            crossed=traffic.crossed + tally["crossed_spans"] + tally["crossed_records"],
            failed={kind: count for kind, count in traffic.failed.items() if count},
            spans=tally["spans"],
            repeated=tally["repeated"],
            records=tally["records"],
            memory_bytes=after["memory"] - before["memory"],
            miscounted=miscounted(after, tally, samples(port)),
        )


@contextmanager
def collecting() -> Iterator[Subject]:
    """Run the collector."""
    case = Case(module="tenants.collector", arguments=(), environ={})
    with Subject(case, {}) as collector:
        collector.greeting = collector.read_line()
        yield collector


def wait_until_idle(port: int) -> dict[str, Any]:
    """Wait until no request is active and no span is queued, and return the counts."""

    def done() -> dict[str, Any] | None:
        found = verdict(port)
        idle = samples(port)[ACTIVE] == 0
        return found if idle and found["queued"] == 0 else None

    return until(done, within_seconds=IDLE_WITHIN_SECONDS) or {}


def samples(port: int) -> dict[str, float]:
    """Return the service's samples, each name summed over its labels."""
    sums: dict[str, float] = {ACTIVE: 0, COUNT: 0, ERRORS: 0}
    for line in httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text.splitlines():
        name = line.partition("{")[0].partition(" ")[0]
        if name in sums:
            sums[name] += float(line.rpartition(" ")[2])
    return sums


def miscounted(
    service: Mapping[str, Any], tally: Mapping[str, Any], metrics: Mapping[str, float]
) -> dict[str, str]:
    """Compare counters with independent counts, and return those that differ."""
    pairs = {
        "requests in metrics": (metrics[COUNT], service["http"]),
        "SERVER spans": (tally["server_spans"], service["http"] + service["websocket"]),
        "exported spans": (service["exported"], tally["spans"]),
        "accepted spans": (service["accepted"], service["exported"]),
        "internal errors": (metrics[ERRORS], 0),
        "repeated spans": (tally["repeated"], 0),
    }
    return {name: f"{a:.0f} ≠ {b:.0f}" for name, (a, b) in pairs.items() if a != b}


def main() -> int:
    """Run the servers in sequence. Return 1 if one has a problem."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--requests", type=int, default=200_000, help="for each server")
    arguments.add_argument("--only", default="", help="servers whose name contains this")
    parsed = arguments.parse_args()
    selected = [name for name in SERVERS if parsed.only in name]
    sys.stdout.write(HEAD)
    problems = 0
    for name in selected:
        try:
            found = outcome(name, parsed.requests)
        except (ConnectionError, TimeoutError):
            problems += 1
            sys.stdout.write(HUNG.format(name))
            continue
        problems += len(found.problems)
        sys.stdout.write(found.row)
        sys.stdout.flush()
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
