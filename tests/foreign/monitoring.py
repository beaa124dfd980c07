"""Prometheus, Alertmanager and Jaeger of the organization."""

from collections.abc import Iterator

from tests.foreign.series import Series, counter, ends, gauge


def alertmanagers() -> Iterator[Series]:
    """Yield three Alertmanagers, of which one loses the others in the incident."""
    for number in range(3):
        target = {
            "cluster": "eu",
            "namespace": "monitoring",
            "job": "alertmanager",
            "instance": f"alertmanager-{number}:9093",
        }
        members = gauge(3, 1 if number == 2 else 2)
        yield Series(name="up", labels=target, value=gauge(1))
        yield Series(name="alertmanager_cluster_members", labels=target, value=members)
        yield Series(
            name="alertmanager_notifications_total",
            labels={**target, "integration": "slack"},
            value=counter(2),
        )


def prometheus() -> Iterator[Series]:
    """Yield a Prometheus in each cluster; that of us ends in the incident."""
    stored = counter(60_000)
    for cluster, up, value in (("eu", gauge(1), stored), ("us", gauge(1, 0), ends(stored))):
        target = {
            "cluster": cluster,
            "namespace": "monitoring",
            "job": "prometheus",
            "instance": "prometheus-0:9090",
        }
        yield Series(name="up", labels=target, value=up)
        yield Series(name="prometheus_tsdb_head_samples_appended_total", labels=target, value=value)


def spans(series: list[Series]) -> Iterator[Series]:
    """Yield the spans that Jaeger accepts: all of *series*, and half of eu's in the incident."""
    for cluster, ratio in (("eu", 0.5), ("us", 1.0)):
        started = sum(
            (each.value(0) or 0) - (each.value(-1) or 0)
            for each in series
            if each.labels["cluster"] == cluster
            and each.name == "otel_sdk_exporter_span_exported_total"
        )
        arriving = counter(started, ratio * started)
        target = {
            "cluster": cluster,
            "namespace": "tracing",
            "job": "jaeger",
            "instance": "jaeger-0:8888",
        }
        yield Series(name="up", labels=target, value=gauge(1))
        for name, labels in (
            ("otelcol_receiver_accepted_spans_total", {"receiver": "otlp", "transport": "grpc"}),
            ("otelcol_exporter_sent_spans_total", {"exporter": "jaeger_storage_exporter"}),
        ):
            yield Series(name=name, labels={**target, **labels}, value=arriving)
