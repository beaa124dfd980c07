"""Registry of a service, whose metrics share one reentrant lock.

prometheus_client gives every value its own lock, which is neither reentrant nor replaced after a
fork. With those locks, a signal handler or finalizer that increments a metric deadlocks when it
interrupts an increment. A forked child deadlocks when another thread of its parent held a lock.
"""

from collections.abc import Hashable
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector
from prometheus_client.values import MutexValue

from instrumentation._support.fork import new_lock

_VALUES: Final = ("_value", "_sum", "_count")
"""Attributes that hold the value of a metric. Source: prometheus_client 0.26, ``metrics.py``."""


class Registry(CollectorRegistry):
    """Registry that gives its lock to every registered metric and its children."""

    def __init__(self) -> None:
        super().__init__(auto_describe=True)
        self._lock: Any = new_lock()
        self.values_lock = new_lock()
        """Lock of every value of every metric."""
        self._described: dict[int, list[str]] = {}

    def register(self, collector: Collector) -> None:
        """Add *collector*; its ``describe()`` or ``collect()`` is called before any lock."""
        if isinstance(collector, MetricWrapperBase):
            _set_lock(collector, self.values_lock)
        self._described[id(collector)] = super()._get_names(collector)  # type: ignore[no-untyped-call]  # prometheus_client has no types here
        try:
            super().register(collector)
        finally:
            self._described.pop(id(collector), None)

    def _get_names(self, collector: Collector) -> list[str]:
        return self._described[id(collector)]


class _Children(dict[Hashable, Any]):
    """Children of a metric, which get the shared lock when they are added."""

    def __init__(self, lock: Any, children: dict[Any, Any]) -> None:
        super().__init__()
        self._lock = lock
        for labels, child in children.items():
            self[labels] = child

    def __setitem__(self, labels: Hashable, child: Any) -> None:
        _set_lock(child, self._lock)
        super().__setitem__(labels, child)


def _set_lock(metric: Any, lock: Any) -> None:
    """Make *metric*, its values and its children use *lock*."""
    if hasattr(metric, "_lock"):
        metric._lock = lock
    if hasattr(metric, "_metrics"):
        metric._metrics = _Children(lock, metric._metrics)
    values = [getattr(metric, name, None) for name in _VALUES]
    for value in (*values, *getattr(metric, "_buckets", ())):
        if type(value) is MutexValue:
            value._lock = lock
