"""Our own metrics, made from the table in `instrumentation.conventions`."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from instrumentation.conventions import METRICS


def counter(name: str, registry: CollectorRegistry) -> Counter:
    """The counter that the table calls *name*.

    Raises:
        KeyError: The table has no such metric: add it there first.
    """
    metric = METRICS[name]
    return Counter(metric.name, metric.help, metric.labels, registry=registry)


def gauge(name: str, registry: CollectorRegistry) -> Gauge:
    """The gauge that the table calls *name*.

    Raises:
        KeyError: As `counter` does.
    """
    metric = METRICS[name]
    return Gauge(metric.name, metric.help, metric.labels, registry=registry)
