"""Values at which panels change color: thresholds of alerts, and lower warning levels."""

from typing import Final

from sightline.mixin import catalogue
from sightline.mixin.config import BURN_WINDOWS
from sightline.mixin.grafana.fields import Scale, Step, falling_scale, rising_scale
from sightline.mixin.grafana.schema import Color


def alert_scale(alert: str, *, warning: float | None = None) -> Scale:
    """Return a scale that is red from the threshold of *alert* and orange from *warning*.

    Raises:
        LookupError: There is no such alert.
        ValueError: The alert has no threshold, because any sample of its signal is bad.
    """
    threshold = catalogue.alert(alert).threshold
    if threshold is None:
        raise ValueError(f"{alert} has no threshold to draw: choose another alert")
    if threshold.operator.startswith("<"):
        return falling_scale(warning=warning, bad=threshold.value)
    return rising_scale(warning=warning, bad=threshold.value)


ERROR_RATIO: Final = alert_scale("HttpServerErrorRatioHigh", warning=0.01)
DURATION_P99: Final = alert_scale("HttpServerLatencyHigh", warning=0.5)
CALL_FAILURES: Final = alert_scale("DependencyErrorRatioHigh", warning=0.01)
CALL_DURATION_P99: Final = alert_scale("DependencyLatencyHigh", warning=0.5)
REJECTED: Final = alert_scale("RateLimiterRejecting")
NOT_SHARED: Final = alert_scale("RateLimiterNotShared")
RETRIED: Final = alert_scale("RetryStorm", warning=0.05)
CONFIGURATION: Final = falling_scale(bad=1)
WORKER_QUEUE: Final = alert_scale("WorkerPoolSaturated", warning=0.5)
OUTBOX: Final = alert_scale("OutboxStuck", warning=10)
CRITICAL_INSTANCES: Final = alert_scale("RegisteredInstancesCritical")
LIST_AGE: Final = alert_scale("RegistryListStale", warning=20)
LOOP_DELAY: Final = alert_scale("EventLoopBlocked", warning=0.05)
WORKER_THREADS: Final = alert_scale("WorkerThreadsExhausted", warning=0.7)
CORES: Final = alert_scale("ProcessCpuSaturated", warning=0.7)
FILE_DESCRIPTORS: Final = alert_scale("FileDescriptorsExhausted", warning=0.6)
MEMORY: Final = alert_scale("MemoryLimitNear", warning=0.75)
GC_TIME: Final = alert_scale("GarbageCollectorBusy")
SPAN_QUEUE: Final = alert_scale("SpanQueueNearlyFull", warning=0.5)
EXPORTS_FAILED: Final = alert_scale("SpanExportFailing")
SPANS_LOST: Final = alert_scale("SpansLostInTransit")
SERIES: Final = alert_scale("MetricCardinalityHigh")
WATCHDOG: Final = alert_scale("WatchdogNotReceived", warning=120)
NOTIFICATIONS_FAILED: Final = alert_scale("AlertmanagerNotificationsFailing")

BUDGET_LEFT: Final = falling_scale(
    warning=0.25, bad=alert_scale("ErrorBudgetExhausted").steps[0].value
)

BURN_RATE: Final = Scale(
    below=Color.GOOD,
    steps=tuple(
        Step(
            value=window.factor,
            color=Color.BAD if window.severity == "critical" else Color.WARNING,
        )
        for window in sorted(BURN_WINDOWS, key=lambda window: window.factor)
    ),
)
"""Step per burn-rate alert, in the color of its severity."""

ONE_IS_BAD: Final = rising_scale(bad=1)
"""Scale of counts that must be 0."""

DOWN_ROW: Final = Scale(below=Color.BAD, steps=(Step(value=1, color=Color.NONE),))
"""Background of the row of a service by its running instances."""

ZERO_IS_BAD: Final = falling_scale(bad=1)
"""Scale of values that are 1 if all is well, else 0."""
