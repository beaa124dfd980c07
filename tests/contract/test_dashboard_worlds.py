"""Results of committed panels in production: replicas, clusters, Kubernetes names, probes."""

from pathlib import Path

import pytest

from sightline.mixin.rules.dependencies import CALLS
from tests.panel_worlds import annotation, complaints, query, series, target

CALLER = {"job": "gateway", "instance": "g:1"}


def calls(address: str, port: str = "8001", **labels: str) -> dict[str, str]:
    """Return successful calls of ``gateway``, one per second."""
    call = CALLER | {"server_address": address, "server_port": port, "error_type": ""}
    return series("http_client_request_duration_seconds_count", call | labels, "0+60x60")


def rpc_calls(address: str, port: str, code: str = "OK") -> dict[str, str]:
    """Return gRPC calls of ``gateway`` that end with *code*, one per second."""
    call = CALLER | {"server_address": address, "server_port": port, "rpc_system_name": "grpc"}
    error = {"error_type": "" if code == "OK" else code}
    return series("rpc_client_call_duration_seconds_count", call | error, "0+60x60")


ORDERS = '{job="gateway", peer="orders"}'
CALL = {"job": "gateway", "server_address": "10.0.0.0", "server_port": "8001"}
REPLICAS = [calls(f"10.0.0.{number}") for number in range(3)]
REPLICA_TARGETS = [target("orders", f"10.0.0.{number}:8001") for number in range(3)]
PROBES = [target(f"probe-{kind}", "10.0.0.0:8001") for kind in ("http", "tcp")]
SERVED = series(
    "http_server_request_duration_seconds_count",
    {"job": "orders", "instance": "10.0.0.0:8001", "http_response_status_code": "200"},
    "0+60x60",
)


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ([*REPLICAS, *REPLICA_TARGETS], {ORDERS: 3}),
        ([calls("10.0.0.0"), REPLICA_TARGETS[0], *PROBES, SERVED], {ORDERS: 1}),
        ([calls("10.0.0.0"), *PROBES], {'{job="gateway", peer="10.0.0.0:8001"}': 1}),
        ([calls("orders"), target("orders", "orders:8001"), *PROBES], {ORDERS: 1}),
        ([calls("orders.shop.svc", "80"), *REPLICA_TARGETS], {ORDERS: 1}),
        ([calls("orders.shop.svc.cluster.local", ""), *REPLICA_TARGETS], {ORDERS: 1}),
        ([calls("orders.shop.svc", "80"), calls("10.0.0.1"), *REPLICA_TARGETS], {ORDERS: 2}),
        ([calls("api.example.org", "443")], {'{job="gateway", peer="api.example.org:443"}': 1}),
        ([calls("api.example.org", "")], {'{job="gateway", peer="api.example.org"}': 1}),
        ([rpc_calls("orders", "9001"), *REPLICA_TARGETS], {ORDERS: 1}),
        ([calls("10.0.0.0"), rpc_calls("10.0.0.0", "8001"), *REPLICA_TARGETS], {ORDERS: 2}),
        ([calls("orders"), rpc_calls("orders", "9001"), *REPLICA_TARGETS], {ORDERS: 2}),
    ],
    ids=[
        *("replicas", "a probed target", "probes only", "a host name", "a Kubernetes service"),
        *("a full name without a port", "a name and an address", "a foreign host", "no port"),
        *("gRPC", "HTTP and gRPC at one port", "HTTP and gRPC at two ports"),
    ],
)
@pytest.mark.parametrize("panel", ["Calls", "Edges"])
def test_calls_are_summed_per_callee(
    tmp_path: Path, panel: str, inputs: list[dict[str, str]], expected: dict[str, float]
) -> None:
    assert complaints(tmp_path, inputs, query("dependencies", panel), expected) == ""


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        (".*", {'{cluster="eu", peer="orders"}': 1, '{cluster="us", peer="orders"}': 1}),
        ("eu", {'{cluster="eu", peer="orders"}': 1}),
    ],
)
def test_the_same_address_in_two_clusters_is_two_callees(
    tmp_path: Path, cluster: str, expected: dict[str, float]
) -> None:
    inputs = [
        one
        for name in ("eu", "us")
        for one in (
            series(CALLS, CALL | {"cluster": name}, "1x60"),
            target("orders", "10.0.0.0:8001", cluster=name),
        )
    ]
    panel = query("service", "Outgoing calls", cluster=cluster)
    by_cluster = panel.replace("sum by (peer)", "sum by (cluster, peer)", 1)

    assert complaints(tmp_path, inputs, by_cluster, expected) == ""


def test_calls_of_a_service_are_summed_over_replicas(tmp_path: Path) -> None:
    panel = query("service", "Outgoing calls", job="gateway")

    assert complaints(tmp_path, REPLICAS + REPLICA_TARGETS, panel, {'{peer="orders"}': 3}) == ""


def test_failed_calls_of_both_clients_are_a_share_of_all_calls_to_the_callee(
    tmp_path: Path,
) -> None:
    http = [calls("orders"), calls("orders", error_type="503")]
    rpc = [rpc_calls("orders", "9001", code) for code in ("OK", "UNAVAILABLE", "NOT_FOUND")]
    panel = f"100 * {query('dependencies', 'Failed calls')}"

    inputs = [*http, *rpc, target("orders", "orders:8001")]

    found = complaints(tmp_path, inputs, panel, {ORDERS: 40})

    assert found == ""


def served_rpc(code: str, error: str) -> dict[str, str]:
    """Return gRPC calls that ``orders`` served, one per second."""
    labels = {"job": "orders", "instance": "orders:8001", "rpc_system_name": "grpc"}
    outcome = {"rpc_response_status_code": code, "error_type": error}
    return series("rpc_server_call_duration_seconds_count", labels | outcome, "0+60x60")


def test_failures_that_a_callee_reports_over_grpc_are_not_called_unreported(
    tmp_path: Path,
) -> None:
    called = [rpc_calls("orders", "9001", code) for code in ("OK", "INTERNAL")]
    served = [served_rpc("OK", ""), served_rpc("INTERNAL", "INTERNAL"), SERVED]
    panel = query("dependencies", "Failures that the callee does not report")
    inputs = [*called, target("orders", "orders:8001")]

    assert complaints(tmp_path, inputs + served, panel, {ORDERS: 0}) == ""
    assert complaints(tmp_path, [*inputs, SERVED], f"100 * {panel}", {ORDERS: 50}) == ""


@pytest.mark.parametrize("panel", [("fleet", "Spans lost"), ("telemetry", "Spans lost")])
def test_lost_spans_are_those_of_all_services_whatever_is_selected(
    tmp_path: Path, panel: tuple[str, str]
) -> None:
    exported = [
        series("otel_sdk_exporter_span_exported_total", {"job": job, "error_type": ""}, "0+6000x60")
        for job in ("orders", "users")
    ]
    received = [
        series(f"otelcol_{name}_spans_total", {"job": "jaeger"}, "0+9000x60")
        for name in ("exporter_sent", "receiver_accepted")
    ]
    expr = f"100 * {query(*panel, job='orders')}"

    assert complaints(tmp_path, exported + received, expr, {"{}": 25}) == ""


def test_the_share_of_retries_counts_calls_and_retries_of_the_same_processes(
    tmp_path: Path,
) -> None:
    retries = [
        series("http_client_request_resends_total", {"job": "gateway", "instance": name}, "0+6x60")
        for name in ("g:1", "g:2")
    ]
    panel = f"100 * {query('dependencies', 'Retried calls', instance='g:1')}"
    two_instances = [calls("orders"), calls("orders", instance="g:2")]

    found = complaints(tmp_path, [*two_instances, *retries], panel, {'{job="gateway"}': 10})

    assert found == ""


def version(values: str, number: str) -> dict[str, str]:
    labels = {"job": "orders", "instance": "a", "service_version": number, "python_version": "3.13"}
    return series("app_build_info", labels, values)


DEPLOYED = {'{job="orders", service_version="2"}': 1}


@pytest.mark.parametrize(
    ("inputs", "at", "expected"),
    [
        ([version("1x19", "1"), version("_x20 1x40", "2")], "20m", DEPLOYED),
        ([version("1x19", "1"), version("_x20 1x40", "2")], "40m", {}),
        ([version("1x19 stale _x9 1x30", "1")], "30m", {}),
        ([version("1x19 stale _x30 1x10", "1")], "50m", {}),
        ([version("_x20 1x40", "1")], "20m", {}),
    ],
    ids=["new version", "later", "after an outage", "after a long outage", "first start"],
)
def test_a_deploy_is_a_new_version_of_a_running_service(
    tmp_path: Path, inputs: list[dict[str, str]], at: str, expected: dict[str, float]
) -> None:
    assert complaints(tmp_path, inputs, annotation("Deploys"), expected, at) == ""


HOUR = 3600.0


@pytest.mark.parametrize(
    ("at", "expected"), [("60m", {}), ("120m", DEPLOYED), ("180m", {})], ids=["1 h", "2 h", "3 h"]
)
def test_a_deploy_is_marked_at_one_step_of_an_hour(
    tmp_path: Path, at: str, expected: dict[str, float]
) -> None:
    inputs = [version("1x99", "1"), version("_x100 1x100", "2")]

    assert complaints(tmp_path, inputs, annotation("Deploys", HOUR), expected, at) == ""


@pytest.mark.parametrize(
    ("at", "expected"), [("60m", {}), ("120m", {'{job="orders"}': 1}), ("190m", {})]
)
def test_a_restart_is_marked_in_steps_of_an_hour(
    tmp_path: Path, at: str, expected: dict[str, float]
) -> None:
    inputs = [process("100x69 4300x150")]

    assert complaints(tmp_path, inputs, annotation("Restarts", HOUR), expected, at) == ""


def process(values: str) -> dict[str, str]:
    return series("process_start_time_seconds", {"job": "orders", "instance": "a"}, values)


@pytest.mark.parametrize(
    ("values", "at", "expected"),
    [
        ("100x19 1300x40", "21m", {'{job="orders"}': 1}),
        ("100x19 1300x40", "40m", {}),
        ("100x19 stale _x9 1700x30", "31m", {'{job="orders"}': 1}),
        ("100x19 stale _x9 100x30", "31m", {}),
    ],
    ids=["restart", "later", "restart after an outage", "outage without a restart"],
)
def test_a_restart_is_a_later_start_time(
    tmp_path: Path, values: str, at: str, expected: dict[str, float]
) -> None:
    assert complaints(tmp_path, [process(values)], annotation("Restarts"), expected, at) == ""


@pytest.mark.parametrize(("name", "severity"), [("Alerts", "critical"), ("Warnings", "warning")])
def test_alerts_of_one_severity_are_one_region(tmp_path: Path, name: str, severity: str) -> None:
    firing = [
        series("ALERTS", {"alertstate": "firing", "severity": severity, "job": job}, "1x60")
        for severity in ("critical", "warning")
        for job in ("orders", "users")
    ]
    expected: dict[str, float] = {f'{{severity="{severity}"}}': 1}

    found = complaints(tmp_path, firing, annotation(name), expected)

    assert found == ""
