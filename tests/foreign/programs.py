"""Programs of others in the same Prometheus. Some are in trouble, which their own alerts report."""

from collections.abc import Iterator
from typing import Final

from tests.foreign.series import Labels, Series, Value, counter, gauge, restarts

CLUSTERS: Final = ("eu", "us")


def programs() -> Iterator[Series]:
    """Yield the series of foreign programs in both clusters."""
    for cluster in CLUSTERS:
        for emit in (
            node_exporter,
            kube_state_metrics,
            blackbox_exporter,
            go_service,
            java_service,
            collector,
            sloth,
        ):
            for each in emit():
                yield each.with_labels(cluster=cluster)


def node_exporter() -> Iterator[Series]:
    """Yield one node that answers and one that is down."""
    for node, up in (("node-1", 1), ("node-2", 0)):
        target = {"namespace": "monitoring", "job": "node-exporter", "instance": f"{node}:9100"}
        yield _series("up", target, gauge(up))
        yield _series("node_cpu_seconds_total", {**target, "mode": "idle"}, counter(55))
        yield _series("process_cpu_seconds_total", target, counter(58))
        yield _series("process_open_fds", target, gauge(1000))
        yield _series("process_max_fds", target, gauge(1024))


def kube_state_metrics() -> Iterator[Series]:
    """Yield a program with many series whose targets flap."""
    target = {"namespace": "monitoring", "job": "kube-state-metrics", "instance": "ksm:8080"}
    yield _series("up", target, lambda minute: float(minute % 3 < 1))
    yield _series("scrape_samples_post_metric_relabeling", target, gauge(60_000))
    pod = {**target, "pod": "checkout-0", "container": "checkout"}
    yield _series("kube_pod_container_status_restarts_total", pod, counter(1))


def blackbox_exporter() -> Iterator[Series]:
    """Yield one address that two jobs probe, with a failure."""
    for job in ("blackbox-http", "blackbox-tcp"):
        target = {"namespace": "monitoring", "job": job, "instance": "https://shop.example"}
        yield _series("up", target, gauge(1))
        yield _series("probe_success", target, gauge(0))
        yield _series("probe_http_status_code", target, gauge(503))


def go_service() -> Iterator[Series]:
    """Yield a Go program with build information that uses several cores and restarts."""
    target = {"namespace": "shop", "job": "billing-go", "instance": "billing-go-0:9090"}
    build = {**target, "version": "1.2.3", "goversion": "go1.26.1"}
    yield _series("up", target, gauge(1))
    yield _series("app_build_info", build, gauge(1))
    yield _series("process_cpu_seconds_total", target, counter(180))
    yield _series("process_open_fds", target, gauge(1000))
    yield _series("process_max_fds", target, gauge(1024))
    yield _series("process_start_time_seconds", target, restarts(5))
    yield _series("scrape_samples_post_metric_relabeling", target, gauge(50_000))
    failed = {**target, "code": "500", "method": "get"}
    yield _series("http_request_duration_seconds_count", failed, counter(600))


def java_service() -> Iterator[Series]:
    """Yield a healthy service of another library with OpenTelemetry's names and other labels."""
    target = {"namespace": "pay", "job": "statements-java", "instance": "statements-java-0:9464"}
    scope = {**target, "otel_scope_name": "io.opentelemetry.tomcat-10.0"}
    name = "http_server_request_duration_seconds"
    ok = {**scope, "http_response_status_code": "200", "http_route": "/statements"}
    bad = {**scope, "http_response_status_code": "404", "error_type": "404"}
    yield _series("up", target, gauge(1))
    yield _series("target_info", {**target, "service_version": "7"}, gauge(1))
    yield _series("jvm_memory_used_bytes", target, gauge(4e9))
    for labels, rate in ((ok, 300), (bad, 30)):
        yield _series(f"{name}_count", labels, counter(rate))
        for bound in ("0.005", "0.075", "7.5", "+Inf"):
            yield _series(f"{name}_bucket", {**labels, "le": bound}, counter(rate))
    pool = {**target, "db_client_connection_pool_name": "jdbc"}
    used = {**pool, "db_client_connection_state": "used"}
    yield _series("db_client_connection_count", used, gauge(9))
    yield _series("db_client_connection_max", pool, gauge(10))


def collector() -> Iterator[Series]:
    """Yield a collector that cannot reach a vendor and refuses spans."""
    target = {"namespace": "monitoring", "job": "otel-gateway", "instance": "otel-gateway-0:8888"}
    refused = {**target, "receiver": "otlp", "transport": "grpc"}
    failed = {**target, "exporter": "otlp/vendor"}
    yield _series("up", target, gauge(1))
    yield _series("otelcol_receiver_accepted_spans_total", refused, counter(9000))
    yield _series("otelcol_receiver_refused_spans_total", refused, counter(100))
    yield _series("otelcol_exporter_sent_spans_total", failed, counter(100))
    yield _series("otelcol_exporter_send_failed_spans_total", failed, counter(9000))
    yield _series("otelcol_exporter_queue_size", failed, gauge(5000))


def sloth() -> Iterator[Series]:
    """Yield the records of two objectives of Sloth, one of which burns."""
    for name, ratio in (("availability", 0.2), ("latency", 0.0)):
        slo = {
            "sloth_id": f"checkout-{name}",
            "sloth_service": "checkout",
            "sloth_slo": name,
            "sloth_window": "5m",
        }
        yield _series("slo:sli_error:ratio_rate5m", slo, gauge(ratio))
        yield _series("slo:objective:ratio", slo, gauge(0.999))
        yield _series("slo:error_budget:ratio", slo, gauge(0.001))
        yield _series("slo:time_period:days", slo, gauge(30))
        yield _series("slo:current_burn_rate:ratio", slo, gauge(ratio / 0.001))
        yield _series("slo:period_burn_rate:ratio", slo, gauge(ratio / 0.001))
        yield _series("slo:period_error_budget_remaining:ratio", slo, gauge(-3))


def _series(name: str, labels: Labels, value: Value) -> Series:
    return Series(name=name, labels=labels, value=value)
