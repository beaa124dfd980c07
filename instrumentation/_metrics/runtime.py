"""Metrics of the process: event loop, worker threads, garbage collection, memory, versions."""

from __future__ import annotations

import gc
import platform
import sys
from bisect import bisect_left
from functools import partial
from itertools import accumulate
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.metrics_core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from instrumentation._metrics import families
from instrumentation.conventions import (
    ANYIO_WORKER_THREADS_IN_USE,
    ANYIO_WORKER_THREADS_LIMIT,
    APP_BUILD,
    ASYNCIO_EVENT_LOOP_DELAY_SECONDS,
    METRICS,
    PROCESS_MEMORY_LIMIT_BYTES,
    PROCESS_WORKER_COUNT,
    PYTHON_GC_PAUSE_SECONDS,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from instrumentation._support.event_loop import Ticker

TICK_SECONDS: Final = 0.25
"""Interval between two measurements of the event loop's delay."""

CGROUP_FILES: Final = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Memory limits of cgroup v2 and v1, in this order."""

UNLIMITED_BYTES: Final = 1 << 62
"""cgroup v1 reports "no limit" as a number above this."""


class Runtime:
    """Metrics of the process: registered at construction, measured until `close()`."""

    def __init__(self, registry: CollectorRegistry, *, service_version: str) -> None:
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        families.info(APP_BUILD, registry).info(_versions(service_version))
        families.gauge(PROCESS_WORKER_COUNT, registry).set(1)
        self._delay = families.histogram(ASYNCIO_EVENT_LOOP_DELAY_SECONDS, registry)
        self._threads = families.gauge(ANYIO_WORKER_THREADS_IN_USE, registry)
        self._threads_limit = families.gauge(ANYIO_WORKER_THREADS_LIMIT, registry)
        self._pauses = GCPauses()
        registry.register(self._pauses)
        limit = memory_limit_bytes()
        if limit is not None:
            families.gauge(PROCESS_MEMORY_LIMIT_BYTES, registry).set(limit)
        self._tickers: dict[Hashable, Ticker] = {}

    def watch_loop(self) -> None:
        """Measure the delay of the running event loop until it ends or `close()` is called."""
        from instrumentation._support.event_loop import current_loop, tick_every

        self._tickers = {
            loop: ticker for loop, ticker in self._tickers.items() if not ticker.stopped
        }
        loop = current_loop()
        if loop not in self._tickers:
            observe = partial(self._observe_loop, limiter=_thread_limiter())
            self._tickers[loop] = tick_every(TICK_SECONDS, observe)

    def _observe_loop(self, delay_seconds: float, *, limiter: Any) -> None:
        self._delay.observe(delay_seconds)
        if limiter is not None:
            self._threads.set(limiter.borrowed_tokens)
            self._threads_limit.set(limiter.total_tokens)

    def close(self) -> None:
        """Stop measuring. Thread-safe."""
        self._pauses.close()
        for ticker in self._tickers.values():
            ticker.stop()
        self._tickers.clear()


def _thread_limiter() -> Any:
    """Return AnyIO's limiter of worker threads for this loop. Call it from a task."""
    to_thread = sys.modules.get("anyio.to_thread")
    return to_thread.current_default_thread_limiter() if to_thread is not None else None


def _versions(service_version: str) -> dict[str, str]:
    fastapi_version = getattr(sys.modules.get("fastapi"), "__version__", "")
    values = (service_version, platform.python_version(), fastapi_version)
    return dict(zip(METRICS[APP_BUILD].labels, values, strict=True))


def memory_limit_bytes() -> int | None:
    """Return the memory limit of the cgroup, or None if there is none."""
    for file in CGROUP_FILES:
        try:
            limit = int(file.read_bytes())
        except (OSError, ValueError):  # no such file, or "max"
            continue
        if limit < UNLIMITED_BYTES:
            return limit
    return None


class GCPauses(Collector):
    """Durations of garbage collections by generation.

    A collection may start while its thread holds a metric's lock. The counts are therefore plain
    numbers without a lock: collections write them one at a time, and scrapes only read them.
    """

    def __init__(self) -> None:
        self._metric = METRICS[PYTHON_GC_PAUSE_SECONDS]
        self._bounds = self._metric.buckets
        generations = range(len(gc.get_threshold()))
        self._counts = [[0] * (len(self._metric.buckets) + 1) for _ in generations]
        self._sums = [0.0 for _ in generations]
        self._started_at = 0.0
        gc.callbacks.append(self._on_collection)

    def _on_collection(self, phase: str, details: dict[str, int]) -> None:
        if phase == "start":
            self._started_at = perf_counter()
            return
        pause = perf_counter() - self._started_at
        generation = details["generation"]
        self._sums[generation] += pause
        self._counts[generation][bisect_left(self._bounds, pause)] += 1

    def collect(self) -> Iterator[Metric]:
        """Return one histogram with a label set for each generation."""
        family = HistogramMetricFamily(
            self._metric.name, self._metric.help, labels=self._metric.labels
        )
        bounds = [*(str(bound) for bound in self._metric.buckets), "+Inf"]
        for generation, counts in enumerate(self._counts):
            # Each count is read once: a collection may start here, and a bucket that missed it
            # beside one that has it would make the buckets' rates decrease.
            buckets = list(zip(bounds, accumulate(counts), strict=True))
            family.add_metric([str(generation)], buckets, self._sums[generation])
        yield family

    def close(self) -> None:
        """Unregister from the garbage collector."""
        if self._on_collection in gc.callbacks:
            gc.callbacks.remove(self._on_collection)
