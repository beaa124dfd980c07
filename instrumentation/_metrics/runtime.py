"""Metrics of the process: event loop, worker threads, garbage collection, memory, versions."""

import asyncio
import gc
import platform
import sys
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, Final
from weakref import WeakKeyDictionary

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.metrics_core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from instrumentation._metrics import families
from instrumentation.conventions import METRICS

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
        families.info("app_build", registry).info(_versions(service_version))
        self._delay = families.histogram("asyncio_event_loop_delay_seconds", registry)
        self._threads = families.gauge("anyio_worker_threads_in_use", registry)
        self._threads_limit = families.gauge("anyio_worker_threads_limit", registry)
        self._pauses = GCPauses()
        registry.register(self._pauses)
        limit = memory_limit_bytes()
        if limit is not None:
            families.gauge("process_memory_limit_bytes", registry).set(limit)
        self._ticks: dict[asyncio.AbstractEventLoop, asyncio.TimerHandle] = {}
        self._limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()

    def watch_loop(self) -> None:
        """Measure the delay of the running event loop until it closes or `close()` is called."""
        loop = asyncio.get_running_loop()
        self._ticks = {
            ticking: tick for ticking, tick in self._ticks.items() if not ticking.is_closed()
        }
        if loop not in self._ticks:
            self._limiters[loop] = _thread_limiter()
            self._ticks[loop] = loop.call_later(TICK_SECONDS, self._tick, loop, loop.time())

    def _tick(self, loop: asyncio.AbstractEventLoop, scheduled_at: float) -> None:
        now = loop.time()
        self._delay.observe(max(0.0, now - scheduled_at - TICK_SECONDS))
        limiter = self._limiters.get(loop)
        if limiter is not None:
            self._threads.set(limiter.borrowed_tokens)
            self._threads_limit.set(limiter.total_tokens)
        self._ticks[loop] = loop.call_later(TICK_SECONDS, self._tick, loop, now)

    def close(self) -> None:
        """Stop measuring. Thread-safe."""
        self._pauses.close()
        for loop, handle in self._ticks.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(handle.cancel)
        self._ticks.clear()


def _thread_limiter() -> Any:
    """Return AnyIO's limiter of worker threads for this loop. Call it from a task."""
    to_thread = sys.modules.get("anyio.to_thread")
    return to_thread.current_default_thread_limiter() if to_thread is not None else None


def _versions(service_version: str) -> dict[str, str]:
    return {
        "service_version": service_version,
        "python_version": platform.python_version(),
        "fastapi_version": getattr(sys.modules.get("fastapi"), "__version__", ""),
    }


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
        self._metric = METRICS["python_gc_pause_seconds"]
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
            buckets = [(bound, sum(counts[: at + 1])) for at, bound in enumerate(bounds)]
            family.add_metric([str(generation)], buckets, self._sums[generation])
        yield family

    def close(self) -> None:
        """Unregister from the garbage collector."""
        if self._on_collection in gc.callbacks:
            gc.callbacks.remove(self._on_collection)
