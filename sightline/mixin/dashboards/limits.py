"""Where values change colour: the thresholds of the alerts, and where it begins to look bad."""

from typing import Final

from sightline.mixin.alerts import dependencies, processes, services
from sightline.mixin.grafana.fields import Scale, falling, rising
from sightline.mixin.model import Alert


def of(alert: Alert, *, warning: float | None = None) -> Scale:
    """Red where *alert* begins, orange from *warning* on.

    Raises:
        ValueError: The alert has no threshold: its signal's presence alone is bad.
    """
    match alert.threshold:
        case None:
            raise ValueError(f"{alert.name} has no threshold to draw: choose another alert")
        case threshold if threshold.operator.startswith("<"):
            return falling(warning=warning, bad=threshold.value)
        case threshold:
            return rising(warning=warning, bad=threshold.value)


ERROR_RATIO: Final = of(services.ERRORS, warning=0.01)
DURATION_P99: Final = of(services.LATENCY, warning=0.5)
CALL_FAILURES: Final = of(dependencies.ERRORS, warning=0.01)
CALL_DURATION_P99: Final = of(dependencies.LATENCY, warning=0.5)
REJECTED: Final = of(dependencies.LIMITER)
RETRIED: Final = of(dependencies.RETRIES, warning=0.05)
DEGRADED: Final = of(services.DEGRADED)
LAG: Final = of(dependencies.LAG)
LOOP_DELAY: Final = of(processes.LOOP, warning=0.05)
WORKER_THREADS: Final = of(processes.THREADS, warning=0.7)
CORES: Final = of(processes.CPU, warning=0.7)
FILE_DESCRIPTORS: Final = of(processes.DESCRIPTORS, warning=0.6)
MEMORY: Final = of(processes.MEMORY, warning=0.75)
COLLECTING: Final = of(processes.COLLECTOR)
WORKER_QUEUE: Final = of(processes.QUEUE, warning=0.5)
BUDGET_LEFT: Final = falling(warning=0.25, bad=0)
ANY: Final = rising(bad=1)
"""One is too many."""
