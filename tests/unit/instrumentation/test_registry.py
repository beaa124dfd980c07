"""All metrics in the registry of a service share one reentrant lock."""
# ruff: noqa: SLF001  prometheus_client has no public accessor of its locks

import threading
from collections.abc import Iterator

import pytest
from prometheus_client import Counter, Enum, Gauge, Histogram, Info, Summary, generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from instrumentation._metrics.families import Registry

KINDS: list[type[MetricWrapperBase]] = [Counter, Gauge, Histogram, Info, Summary]
ATTRIBUTES = ("_value", "_sum", "_count")


def locks(metric: MetricWrapperBase) -> set[int]:
    """Return the locks of *metric* and of its values, by identity."""
    values = [getattr(metric, name) for name in ATTRIBUTES if hasattr(metric, name)]
    holders = [metric, *values, *getattr(metric, "_buckets", ())]
    return {id(holder._lock) for holder in holders if hasattr(holder, "_lock")}


@pytest.mark.parametrize("kind", KINDS)
def test_a_metric_uses_the_registrys_lock(kind: type[MetricWrapperBase]) -> None:
    registry = Registry()

    metric = kind("things", "Help.", registry=registry)

    assert locks(metric) == {id(registry.values_lock)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_label_set_uses_the_registrys_lock(kind: type[MetricWrapperBase]) -> None:
    registry = Registry()

    child = kind("things", "Help.", ["label"], registry=registry).labels("value")

    assert locks(child) == {id(registry.values_lock)}


def test_an_enum_uses_the_registrys_lock() -> None:
    registry = Registry()

    metric = Enum("thing", "Help.", states=["on", "off"], registry=registry)

    assert locks(metric) == {id(registry.values_lock)}


def test_an_increment_interrupted_by_another_is_kept() -> None:
    registry = Registry()
    counter = Counter("things", "Help.", ["label"], registry=registry)

    with registry.values_lock:
        counter.labels("value").inc()

    assert b'things_total{label="value"} 1.0' in generate_latest(registry)


class Probe(Collector):
    """Collector that tests if another thread can use the registry during the call."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.free: list[bool] = []

    def collect(self) -> Iterator[Metric]:
        thread = threading.Thread(target=self._use)
        thread.start()
        thread.join()
        yield Metric("asked", "Help.", "gauge")

    def _use(self) -> None:
        taken = self._registry._lock.acquire(timeout=1)
        self.free.append(taken)
        self._registry._lock.release()


def test_a_collector_is_described_without_the_lock() -> None:
    registry = Registry()
    collector = Probe(registry)

    registry.register(collector)

    assert collector.free == [True]
