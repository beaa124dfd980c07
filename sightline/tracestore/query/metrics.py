"""Metrics of storage reads, under the names that Jaeger gives them.

Source: Jaeger 2.20.0 with the metrics reader of jaeger/config.yaml.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

_LABELS: Final = ("name", "operation", "result", "role")

_LATENCY_BUCKETS: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5),
    *(0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)


class Read:
    """Outcome of one read; set `result` to ``err`` for a read that found nothing."""

    result = "ok"


class ReadMetrics:
    """Count and duration of reads by operation and result."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "jaeger_storage_requests", "Reads by operation.", _LABELS, registry=registry
        )
        self._latency = Histogram(
            "jaeger_storage_latency_seconds",
            "Duration of reads.",
            _LABELS,
            buckets=_LATENCY_BUCKETS,
            registry=registry,
        )

    @contextmanager
    def read(self, operation: str) -> Iterator[Read]:
        """Count and time the block as one read; an exception counts as ``err``."""
        read, started = Read(), time.perf_counter()
        try:
            yield read
        except BaseException:
            read.result = "err"
            raise
        finally:
            labels = ("traces_disk", operation, read.result, "tracestore")
            self._requests.labels(*labels).inc()
            self._latency.labels(*labels).observe(time.perf_counter() - started)
