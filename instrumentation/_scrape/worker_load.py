"""Gauges of the worker that is nearest to a limit of its process.

A page of several workers adds up their gauges, but a core, a thread pool, an event loop and a
table of file descriptors belong to one process. Each worker adds its own use to its snapshot;
`merge` keeps the maximum. Everything is read from the snapshot, so requests cost nothing.
"""

from __future__ import annotations

import os
import time
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from prometheus_client.metrics_core import Metric

from instrumentation._scrape.worker_directory import start_ticks
from instrumentation.conventions import (
    ANYIO_WORKER_THREADS_IN_USE,
    ANYIO_WORKER_THREADS_LIMIT,
    ASYNCIO_EVENT_LOOP_DELAY_SECONDS,
    ERROR_TYPE,
    METRICS,
    PROCESS_MEMORY_PSS_BYTES,
    PROCESS_WORKER_COUNT,
    PROCESS_WORKER_CPU_UTILIZATION_RATIO,
    PROCESS_WORKER_EVENT_LOOP_DELAY_P99_SECONDS,
    PROCESS_WORKER_EXITS,
    PROCESS_WORKER_FILE_DESCRIPTOR_UTILIZATION_RATIO,
    PROCESS_WORKER_THREAD_UTILIZATION_RATIO,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from instrumentation._scrape.snapshot import Family, Snapshot

WINDOW_SECONDS: Final = 300.0
"""Range of the CPU use and of the delays, as in the rules."""

SAMPLE_SECONDS: Final = 10.0
"""Minimum between two samples, so that frequent scrapes keep no more of them."""

PSS_SECONDS: Final = 60.0
"""Minimum between two reads of `PSS_FILE`, for which the kernel walks all pages."""

PSS_FILE: Final = Path("/proc/self/smaps_rollup")
START_TIME: Final = "process_start_time_seconds"

_TICK_DIGITS: Final = 2
"""Decimals of a start time, which the kernel counts in hundredths of a second. Without rounding
the difference of two workers by one float would look like a restart."""

QUANTILE: Final = 0.99

KILLED: Final = "killed"
"""Error type of a worker that exited without closing: by a signal, the kernel or a crash."""


class _Sample(NamedTuple):
    """Totals of this worker at one moment."""

    at: float
    cpu_seconds: float
    delays: list[float]
    """Counts of the event loop's delays by bucket, not cumulative."""


class WorkerLoad:
    """Load of this worker.

    Args:
        server: Process id of the workers' parent.
    """

    def __init__(self, server: int) -> None:
        self._samples: tuple[_Sample, ...] = (_Sample(time.monotonic(), time.process_time(), []),)
        """Replaced as a whole, because several threads may take snapshots."""
        self._pss: tuple[float, int | None] = (-PSS_SECONDS, None)
        self._server_age = _older_by(server)
        self.closed = False
        """True once this worker persists its last snapshot."""

    def add(self, snapshot: Snapshot) -> None:
        """Add the gauges to *snapshot*, if it has the metrics of a process."""
        values = {
            sample.name: sample.value
            for metric in snapshot.others
            for sample in metric.samples
            if not sample.labels
        }
        if PROCESS_WORKER_COUNT not in values:
            return  # the page of another registry
        self._move_start(snapshot)
        snapshot.others.append(self._exits())
        for name, value in self._worst(values, snapshot.histograms):
            snapshot.others.append(_metric(name, value))
            snapshot.modes[name] = "max"
        pss = self._read_pss()
        if pss is not None:
            snapshot.others.append(_metric(PROCESS_MEMORY_PSS_BYTES, pss))

    def _exits(self) -> Metric:
        """Return the exits by cause: this worker counts its own when it closes."""
        exits = _metric(PROCESS_WORKER_EXITS, float(self.closed), **{ERROR_TYPE: ""})
        exits.add_sample(exits.samples[0].name, {ERROR_TYPE: KILLED}, 0.0)
        return exits

    def _move_start(self, snapshot: Snapshot) -> None:
        """Report the start of the server: that of its oldest worker changes with each new one."""
        for metric in snapshot.others:
            if metric.name == START_TIME:
                metric.samples = [
                    sample._replace(value=round(sample.value - self._server_age, _TICK_DIGITS))
                    for sample in metric.samples
                ]

    def _worst(
        self, values: dict[str, float], histograms: dict[str, Family]
    ) -> Iterator[tuple[str, float]]:
        pairs = (
            (
                PROCESS_WORKER_FILE_DESCRIPTOR_UTILIZATION_RATIO,
                ("process_open_fds", "process_max_fds"),
            ),
            (
                PROCESS_WORKER_THREAD_UTILIZATION_RATIO,
                (ANYIO_WORKER_THREADS_IN_USE, ANYIO_WORKER_THREADS_LIMIT),
            ),
        )
        for name, (used, limit) in pairs:
            if used in values and limit in values:
                yield name, values[used] / values[limit] if values[limit] > 0 else 0.0
        delays = histograms.get(ASYNCIO_EVENT_LOOP_DELAY_SECONDS)
        counts = _counts(delays)
        now = _Sample(time.monotonic(), values.get("process_cpu_seconds_total", 0.0), counts)
        before = self._sample_before(now)
        seconds = max(now.at - before.at, 1.0)
        if now.cpu_seconds:
            cores = (now.cpu_seconds - before.cpu_seconds) / seconds
            yield PROCESS_WORKER_CPU_UTILIZATION_RATIO, max(0.0, cores)
        if delays is not None:
            recent = _difference(counts, before.delays)
            yield PROCESS_WORKER_EVENT_LOOP_DELAY_P99_SECONDS, _quantile(delays.bounds, recent)

    def _sample_before(self, now: _Sample) -> _Sample:
        """Return the sample at the start of the window, and keep *now* for later ones."""
        samples = self._samples
        passed = sum(sample.at <= now.at - WINDOW_SECONDS for sample in samples[1:])
        samples = samples[passed:]
        added = (now,) if now.at - samples[-1].at >= SAMPLE_SECONDS else ()
        self._samples = (*samples, *added)
        return samples[0]

    def _read_pss(self) -> int | None:
        """Return the proportional memory of this process, or None where the kernel hides it."""
        now = time.monotonic()
        if now - self._pss[0] >= PSS_SECONDS:
            self._pss = now, proportional_memory_bytes()
        return self._pss[1]


def proportional_memory_bytes(file: Path = PSS_FILE) -> int | None:
    """Return the ``Pss`` of *file* in bytes, or None without one.

    A page that several workers share counts in each with its share, so that the sum over the
    workers is what the memory limit sees.
    """
    try:
        lines = file.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    found = (line.split() for line in lines if line.startswith("Pss:"))
    return next((int(fields[1]) * 1024 for fields in found), None)


def _older_by(server: int) -> float:
    """Return by how many seconds *server* is older than this process; 0 if it is unknown."""
    own, other = start_ticks(os.getpid()), start_ticks(server)
    if not (own.isdigit() and other.isdigit()):
        return 0.0
    return max(0.0, (int(own) - int(other)) / os.sysconf("SC_CLK_TCK"))


def with_exit(snapshot: Snapshot) -> Snapshot:
    """Return the last *snapshot* of an exited worker; one that did not close was killed."""
    for metric in snapshot.others:
        if metric.name == PROCESS_WORKER_EXITS and not any(one.value for one in metric.samples):
            metric.samples = [
                sample._replace(value=float(sample.labels.get(ERROR_TYPE) == KILLED))
                for sample in metric.samples
            ]
    return snapshot


def _metric(name: str, value: float, **labels: str) -> Metric:
    described = METRICS[name]
    metric = Metric(name, described.help, described.type)
    metric.add_sample(described.series[0], labels, value)
    return metric


def _counts(family: Family | None) -> list[float]:
    """Return the counts of the only label set of *family*."""
    return next((list(one.counts) for one in family.series.values()), []) if family else []


def _difference(counts: list[float], before: list[float]) -> list[float]:
    return [now - then for now, then in zip(counts, before or [0.0] * len(counts), strict=True)]


def _quantile(bounds: list[float], counts: list[float]) -> float:
    """Return the quantile as ``histogram_quantile()`` does; 0 without an observation."""
    rank = QUANTILE * sum(counts)
    reached = list(accumulate(counts))
    place = next((at for at, total in enumerate(reached) if total and total >= rank), 0)
    if place + 1 >= len(bounds) or not any(counts):
        return bounds[-2] if any(counts) else 0.0
    lower, below = (bounds[place - 1], reached[place - 1]) if place else (0.0, 0.0)
    return lower + (bounds[place] - lower) * (rank - below) / counts[place]
