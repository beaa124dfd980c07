"""The registry of a service: all of its metrics take one lock, which is reentrant.

prometheus_client gives every value a lock of its own, which is not reentrant and not renewed after
a fork.  A signal handler or a finalizer that counts something hangs when it interrupts a count, and
so does a child whose parent was counting in another thread.
"""

from collections.abc import Hashable
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector
from prometheus_client.values import MutexValue

from instrumentation._support.fork import new_lock

_VALUES: Final = ("_value", "_sum", "_count")
"""Attributes of a metric that hold one value. Source: prometheus_client 0.26, ``metrics.py``."""


class Registry(CollectorRegistry):
    """A registry that gives its lock to every metric registered in it, and to their children."""

    def __init__(self) -> None:
        super().__init__(auto_describe=True)
        self._lock: Any = new_lock()
        self.values_lock = new_lock()
        """Taken by every value of every metric."""
        self._described: dict[int, list[str]] = {}

    def register(self, collector: Collector) -> None:
        """Add *collector*; it is asked for its names before any lock is taken."""
        if isinstance(collector, MetricWrapperBase):
            _share(collector, self.values_lock)
        self._described[id(collector)] = super()._get_names(collector)  # type: ignore[no-untyped-call]  # prometheus_client's
        try:
            super().register(collector)
        finally:
            self._described.pop(id(collector), None)

    def _get_names(self, collector: Collector) -> list[str]:
        return self._described[id(collector)]


class _Children(dict[Hashable, Any]):
    """The children of a metric; each takes the lock as it is added."""

    def __init__(self, lock: Any, known: dict[Any, Any]) -> None:  # noqa: ANN401  an RLock
        super().__init__()
        self._lock = lock
        for labels, child in known.items():
            self[labels] = child

    def __setitem__(self, labels: Hashable, child: Any) -> None:  # noqa: ANN401  of any metric
        _share(child, self._lock)
        super().__setitem__(labels, child)


def _share(metric: Any, lock: Any) -> None:  # noqa: ANN401  private parts of a metric
    """Let *metric*, its values and its children take *lock*."""
    if hasattr(metric, "_lock"):
        metric._lock = lock  # noqa: SLF001  see the module's docstring
    if hasattr(metric, "_metrics"):
        metric._metrics = _Children(lock, metric._metrics)  # noqa: SLF001  as above
    values = [getattr(metric, name, None) for name in _VALUES]
    for value in (*values, *getattr(metric, "_buckets", ())):
        if type(value) is MutexValue:
            value._lock = lock  # noqa: SLF001  as above
