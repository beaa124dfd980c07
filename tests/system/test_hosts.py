"""Web pages cannot read or change the stack through DNS rebinding."""

import os
import signal

import pytest

from tests.stacks import LocalStack
from tests.waiting import until

SERVICES = ["gateway", "orders", "users", "control", "traffic"]
STAND_INS = [
    *("grafana", "jaeger_query", "otlp_http", "jaeger_metrics", "jaeger_span_metrics"),
    *("jaeger_sampling", "jaeger_health"),
]
EVIL = "http://evil.example"


@pytest.mark.parametrize("path", ["/", "/healthz", "/metrics", "/api/services", "/v1/traces"])
@pytest.mark.parametrize("port", [*SERVICES, *STAND_INS])
def test_no_port_answers_under_a_foreign_name(stack: LocalStack, port: str, path: str) -> None:
    answer = stack.ask(port, path, headers={"Host": "evil.example"}, allow_redirects=False)

    assert answer.status_code == 421
    assert "SIGHTLINE_ALLOWED_HOSTS" in answer.text
    assert "evil.example" not in f"{answer.headers}{answer.text}"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("port", "path"),
    [
        *(("control", "/alerts"), ("gateway", "/api/orders"), ("orders", "/orders")),
        *(("users", "/users/1"), ("traffic", "/"), ("otlp_http", "/v1/traces")),
        *(("jaeger_query", "/api/transform"), ("grafana", "/")),
    ],
)
def test_a_foreign_page_changes_nothing(
    stack: LocalStack, port: str, path: str, method: str
) -> None:
    answer = stack.ask(port, path, method=method, json={}, headers={"Origin": EVIL})

    assert (answer.status_code, answer.text.count("\n")) == (403, 1)


@pytest.mark.parametrize("path", ["/-/quit", "/-/reload"])
def test_no_page_stops_or_reloads_prometheus(stack: LocalStack, path: str) -> None:
    answer = stack.ask("prometheus", path, method="POST", headers={"Origin": EVIL})

    assert answer.status_code == 403
    assert stack.ask("prometheus", "/-/ready").status_code == 200


def test_no_foreign_page_reads_prometheus(stack: LocalStack) -> None:
    answer = stack.ask("prometheus", "/api/v1/query?query=up", headers={"Origin": EVIL})

    assert "access-control-allow-origin" not in answer.headers


def reloaded_at(stack: LocalStack) -> str:
    """Return the sample line with the time of the last reload of Prometheus."""
    lines = stack.ask("prometheus", "/metrics").text.splitlines()
    name = "prometheus_config_last_reload_success_timestamp_seconds "
    return next(line for line in lines if line.startswith(name))


def test_a_signal_reloads_prometheus(stack: LocalStack) -> None:
    before = reloaded_at(stack)

    os.kill(stack.process("prometheus").pid, signal.SIGHUP)

    assert until(lambda: reloaded_at(stack) != before, within_seconds=30)
