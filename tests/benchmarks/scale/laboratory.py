"""Prometheus with the samples of many services and of the rules that run on them."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.scale import history, rules
from tests.benchmarks.scale.page import Series
from tests.benchmarks.scale.prometheus import Prometheus
from tests.benchmarks.scale.world import BATCH, RECORDED, Exporter, World
from tests.benchmarks.subjects import Case, Subject, export_environment
from tests.fakes import Collector
from tests.waiting import until

PAST_SECONDS: Final = 30 * 60
"""Time of raw samples: the half of a chunk, which is the mean that a query decodes."""
SAMPLES_PER_SECOND: Final = 200_000
"""Samples that a core appends in a second, with a margin."""
MIN_INTERVAL_SECONDS: Final = 3
"""Time of an answer on a busy machine. Prometheus would discard one that is late."""
FILL_WITHIN_SECONDS: Final = 1800
NATIVE: Final = {"convert_classic_histograms_to_nhcb": True}
"""Setting of a scrape configuration with which Prometheus 3 stores native histograms."""
ONE_EACH: Final = "process_start_time_seconds"
"""Series of which each replica has one. An answer is stored as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    """Prometheus that scrapes the replicas of a world."""

    world: World
    prometheus: Prometheus
    exporter: Exporter
    at: int
    """Unix seconds of the last samples, the time at which everything is evaluated."""

    def fill(self) -> None:
        """Wait until all raw samples are scraped."""
        until(self._is_full, within_seconds=FILL_WITHIN_SECONDS, every_seconds=1)

    def record(self, paths: Sequence[Path]) -> list[history.Series]:
        """Store the results of the recording rules in *paths*, of the recent past, and return them.

        A rule without a result is asked again, because another one may be its input.
        """
        groups = rules.groups(paths)
        pending = [rule for group in groups for rule in group.rules if "record" in rule]
        stored: list[history.Series] = []
        while found := {number: self._values(rule) for number, rule in enumerate(pending)}:
            fresh = [series for values in found.values() for series in values]
            if not fresh:
                break
            self._store(fresh)
            stored += fresh
            pending = [rule for number, rule in enumerate(pending) if not found[number]]
        return stored

    def backfill(self, paths: Sequence[Path], stored: Sequence[history.Series]) -> None:
        """Add a day of samples to the results *stored*, which the rules in *paths* read."""
        exprs = [rule["expr"] for group in rules.groups(paths) for rule in group.rules]
        history.backfill(
            self.prometheus.folder,
            stored,
            targets=self._targets(),
            rules="\n".join(exprs),
            end=self.at,
        )
        until(self._has_history, within_seconds=FILL_WITHIN_SECONDS, every_seconds=1)

    def count(self, selector: str) -> int:
        """Return the number of series of *selector*."""
        result = self.prometheus.ask("query", {"query": f"count({selector})", "time": self.at})
        return int(result["result"][0]["value"][1]) if result["result"] else 0

    def _values(self, rule: Mapping[str, Any]) -> list[history.Series]:
        found = self.prometheus.ask("query", {"query": rule["expr"], "time": self.at})
        return history.named(rule, found["result"])

    def _store(self, series: Sequence[history.Series]) -> None:
        self.exporter.recorded = history.recent(series, end=self.at).encode()
        until(lambda: not self.exporter.recorded, within_seconds=FILL_WITHIN_SECONDS)
        last = series[-1]["metric"].items()
        selector = f"{{{', '.join(f'{label}={json.dumps(value)}' for label, value in last)}}}"
        until(lambda: self.count(selector), within_seconds=FILL_WITHIN_SECONDS)

    def _targets(self) -> Iterator[history.Series]:
        for labels in self.world.replica_labels:
            yield {"metric": {"__name__": "up", **labels}, "value": (self.at, 1)}

    def _is_full(self) -> bool:
        replicas = self.world.services * self.world.replicas
        return self.exporter.finished(replicas) and self.count(ONE_EACH) == replicas

    def _has_history(self) -> bool:
        """Return true if Prometheus has loaded the new blocks, which it looks for once a minute."""
        replicas = self.world.services * self.world.replicas
        return self.count("up offset 5m") >= replicas


@contextmanager
def running(
    world: World, folder: Path, *, series: Sequence[Series] = (), native: bool = False
) -> Iterator[Laboratory]:
    """Run a Prometheus with the samples of *world* in *folder*.

    Args:
        world: Its size.
        folder: Working directory of Prometheus.
        series: Series of each replica; those of a real page when left out.
        native: Store native histograms.
    """
    now = int(time.time())
    series = series or page(world.routes)
    with Exporter(series, start=now - PAST_SECONDS, end=now) as exporter:
        interval = _interval(world, series=len(series))
        port = exporter.server_port
        replicas = _replicas(world, port, interval) | (NATIVE if native else {})
        jobs = [replicas, _recorded(port, interval)]
        with Prometheus(folder, jobs, major=3 if native else None) as prometheus:
            laboratory = Laboratory(world=world, prometheus=prometheus, exporter=exporter, at=now)
            laboratory.fill()
            yield laboratory


def page(routes: int) -> list[Series]:
    """Return the series of a service with that many *routes*."""
    case = Case(module="scale.page", arguments=(routes,), environ={})
    with Collector() as collector, Subject(case, export_environment(collector)) as service:
        return [tuple(series) for series in json.loads(service.read_line())]


def _interval(world: World, *, series: int) -> str:
    """Return a scrape interval in which Prometheus can append an answer of each replica."""
    samples = world.services * world.replicas * series * BATCH
    return f"{MIN_INTERVAL_SECONDS + samples // SAMPLES_PER_SECOND}s"


def _replicas(world: World, port: int, interval: str) -> dict[str, Any]:
    """Return a scrape configuration in which each replica is a path of the exporter."""
    return {
        "job_name": "services",
        "scrape_interval": interval,
        "scrape_timeout": interval,
        "static_configs": [
            {
                "targets": [f"127.0.0.1:{port}"],
                "labels": {**labels, "__metrics_path__": f"/{number}"},
            }
            for number, labels in enumerate(world.replica_labels)
        ],
    }


def _recorded(port: int, interval: str) -> dict[str, Any]:
    """Return a scrape configuration of the results of recording rules."""
    return {
        "job_name": "recorded",
        "honor_labels": True,
        "metrics_path": RECORDED,
        "scrape_interval": interval,
        "scrape_timeout": interval,
        "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
    }
