"""Values at which panels change color: thresholds of the alerts, and lower warning levels."""

from typing import Final

from sightline.mixin import catalogue
from sightline.mixin.config import BURN_WINDOWS
from sightline.mixin.grafana.fields import Scale, Step, falling_scale, rising_scale
from sightline.mixin.grafana.vocabulary import Color


def of(alert: str, *, warning: float | None = None) -> Scale:
    """Red where *alert* begins, orange from *warning* on.

    Raises:
        LookupError: There is no such alert.
        ValueError: It has no threshold: its signal's presence alone is bad.
    """
    threshold = catalogue.alert(alert).threshold
    if threshold is None:
        raise ValueError(f"{alert} has no threshold to draw: choose another alert")
    if threshold.operator.startswith("<"):
        return falling_scale(warning=warning, bad=threshold.value)
    return rising_scale(warning=warning, bad=threshold.value)


ERROR_RATIO: Final = of("HttpServerErrorRatioHigh", warning=0.01)
DURATION_P99: Final = of("HttpServerLatencyHigh", warning=0.5)
CALL_FAILURES: Final = of("DependencyErrorRatioHigh", warning=0.01)
CALL_DURATION_P99: Final = of("DependencyLatencyHigh", warning=0.5)
REJECTED: Final = of("RateLimiterRejecting")
RETRIED: Final = of("RetryStorm", warning=0.05)
WORKER_QUEUE: Final = of("WorkerPoolSaturated", warning=0.5)
LOOP_DELAY: Final = of("EventLoopBlocked", warning=0.05)
WORKER_THREADS: Final = of("WorkerThreadsExhausted", warning=0.7)
CORES: Final = of("ProcessCpuSaturated", warning=0.7)
FILE_DESCRIPTORS: Final = of("FileDescriptorsExhausted", warning=0.6)
MEMORY: Final = of("MemoryLimitNear", warning=0.75)
COLLECTING: Final = of("GarbageCollectorBusy")
SPAN_QUEUE: Final = of("SpanQueueNearlyFull", warning=0.5)
EXPORTS_FAILED: Final = of("SpanExportFailing")
SPANS_LOST: Final = of("SpansLostInTransit")
SERIES: Final = of("MetricCardinalityHigh")
WATCHDOG: Final = of("WatchdogNotReceived", warning=120)
NOTIFICATIONS_FAILED: Final = of("AlertmanagerNotificationsFailing")

BUDGET_LEFT: Final = falling_scale(warning=0.25, bad=of("ErrorBudgetExhausted").steps[0].value)

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
"""A line for each burn-rate alert, in the color of its severity."""

ANY: Final = rising_scale(bad=1)
"""One is too many."""

WORKS: Final = falling_scale(bad=1)
"""1 is well, 0 is not."""
