"""Metrics of the demo services, defined by the table in `instrumentation.conventions`."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from instrumentation.conventions import METRICS


def counter(name: str, registry: CollectorRegistry) -> Counter:
    """Return the counter *name* of the table.

    Raises:
        KeyError: The table has no such metric.
    """
    metric = METRICS[name]
    return Counter(metric.name, metric.help, metric.labels, registry=registry)


def gauge(name: str, registry: CollectorRegistry) -> Gauge:
    """Return the gauge *name* of the table.

    Raises:
        KeyError: The table has no such metric.
    """
    metric = METRICS[name]
    return Gauge(metric.name, metric.help, metric.labels, registry=registry)


def histogram(name: str, registry: CollectorRegistry) -> Histogram:
    """Return the histogram *name* of the table.

    Raises:
        KeyError: The table has no such metric.
    """
    metric = METRICS[name]
    return Histogram(
        metric.name, metric.help, metric.labels, buckets=metric.buckets, registry=registry
    )
