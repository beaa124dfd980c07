"""How the process itself fares: event loop, worker threads, collector pauses, memory, versions."""

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
"""How often the event loop is asked how late it is."""

CGROUP_FILES: Final = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Version 2, then version 1."""

UNLIMITED_BYTES: Final = 1 << 62
"""A limit above this is the kernel's way to say none."""


class Runtime:
    """Registers the process's own metrics and keeps those going that need it."""

    def __init__(self, registry: CollectorRegistry, *, service_version: str) -> None:
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        families.info("app_build", registry).info(_versions(service_version))
        self._delay = families.histogram("asyncio_event_loop_delay_seconds", registry)
        self._threads = families.gauge("anyio_worker_threads_in_use", registry)
        self._threads_limit = families.gauge("anyio_worker_threads_limit", registry)
        self._pauses = CollectorPauses()
        registry.register(self._pauses)
        limit = memory_limit_bytes()
        if limit is not None:
            families.gauge("process_memory_limit_bytes", registry).set(limit)
        self._ticks: dict[asyncio.AbstractEventLoop, asyncio.TimerHandle] = {}
        self._limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()

    def watch_loop(self) -> None:
        """Measure how late the running event loop is, until it or we stop."""
        loop = asyncio.get_running_loop()
        self._ticks = {known: tick for known, tick in self._ticks.items() if not known.is_closed()}
        if loop not in self._ticks:
            self._limiters[loop] = _thread_limiter()
            self._ticks[loop] = loop.call_later(TICK_SECONDS, self._tick, loop, loop.time())

    def _tick(self, loop: asyncio.AbstractEventLoop, asked_at: float) -> None:
        now = loop.time()
        self._delay.observe(max(0.0, now - asked_at - TICK_SECONDS))
        limiter = self._limiters.get(loop)
        if limiter is not None:
            self._threads.set(limiter.borrowed_tokens)
            self._threads_limit.set(limiter.total_tokens)
        self._ticks[loop] = loop.call_later(TICK_SECONDS, self._tick, loop, now)

    def close(self) -> None:
        """Stop measuring."""
        self._pauses.close()
        for loop, handle in self._ticks.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(handle.cancel)
        self._ticks.clear()


def _thread_limiter() -> Any:  # noqa: ANN401  AnyIO's, which may not be installed
    """What bounds AnyIO's worker threads on this loop; only a task may ask for it."""
    to_thread = sys.modules.get("anyio.to_thread")
    return to_thread.current_default_thread_limiter() if to_thread is not None else None


def _versions(service_version: str) -> dict[str, str]:
    return {
        "service_version": service_version,
        "python_version": platform.python_version(),
        "fastapi_version": getattr(sys.modules.get("fastapi"), "__version__", ""),
    }


def memory_limit_bytes() -> int | None:
    """The memory limit of the control group, or None without one."""
    for file in CGROUP_FILES:
        try:
            limit = int(file.read_bytes())
        except (OSError, ValueError):  # no such file, or "max"
            continue
        if limit < UNLIMITED_BYTES:
            return limit
    return None


class CollectorPauses(Collector):
    """Durations of garbage collections by generation.

    A collection may start anywhere, even while its thread holds a metric's lock, so the counts
    are plain numbers that only collections write, one at a time, and only scrapes read.
    """

    def __init__(self) -> None:
        self._metric = METRICS["python_gc_pause_seconds"]
        self._bounds = self._metric.buckets
        generations = range(len(gc.get_threshold()))
        self._counts = [[0] * (len(self._metric.buckets) + 1) for _ in generations]
        self._sums = [0.0 for _ in generations]
        self._started_at = 0.0
        gc.callbacks.append(self._collected)

    def _collected(self, phase: str, details: dict[str, int]) -> None:
        if phase == "start":
            self._started_at = perf_counter()
            return
        pause = perf_counter() - self._started_at
        generation = details["generation"]
        self._sums[generation] += pause
        self._counts[generation][bisect_left(self._bounds, pause)] += 1

    def collect(self) -> Iterator[Metric]:
        """One histogram a generation."""
        family = HistogramMetricFamily(
            self._metric.name, self._metric.help, labels=self._metric.labels
        )
        bounds = [*(str(bound) for bound in self._metric.buckets), "+Inf"]
        for generation, counts in enumerate(self._counts):
            buckets = [(bound, sum(counts[: at + 1])) for at, bound in enumerate(bounds)]
            family.add_metric([str(generation)], buckets, self._sums[generation])
        yield family

    def close(self) -> None:
        """Hear of no more collections."""
        if self._collected in gc.callbacks:
            gc.callbacks.remove(self._collected)
