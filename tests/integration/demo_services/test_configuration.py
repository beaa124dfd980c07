"""Configuration of running services: changes without a restart, canaries, a center that is gone."""

import base64
import json
import signal
import subprocess
import sys
import time
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from demo_services.configuration.encryption import decrypt, read_key
from sightline.artifacts import ROOT
from tests.fakes import Collector
from tests.integration.demo_services.conftest import Service, Start, lone_gateway
from tests.integration.demo_services.test_answers import AWAY
from tests.ports import free_ports
from tests.waiting import until

SENT = "a-token-of-the-test"
NONE_ALLOWED = {"limits": {"client": {"per_second": 0.001, "burst": 1}}}
WITHIN_SECONDS = 10.0


def put(control: Service, body: object, path: str = "gateway/dev", **query: str) -> httpx.Response:
    url = f"{control.url}/config/{path}"
    return httpx.put(url, json=body, params=query, timeout=10)


def post(control: Service, path: str, **query: str) -> httpx.Response:
    return httpx.post(f"{control.url}/config/{path}", params=query, timeout=10)


def gateway_of(start: Start, control: Service, instance: str, **environ: str) -> Service:
    """Start a gateway with the center at *control*, and wait for its first contact."""
    attributes = f"service.instance.id={instance}"
    return lone_gateway(
        start, CONFIG_URL=control.url, OTEL_RESOURCE_ATTRIBUTES=attributes, **environ
    )


def value(service: Service, series: str) -> float:
    """Return the sample of *series*, with its labels if it has any, on the metrics page."""
    lines = service.get("/metrics").text.splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"{series} "))


def burst(service: Service) -> str:
    """Return the limit that the gateway states in its answer."""
    return service.get("/api/users/x").headers["ratelimit-limit"]


def version(service: Service) -> int:
    return int(value(service, "configuration_version"))


def until_version(service: Service, expected: int) -> None:
    until(lambda: version(service) == expected, within_seconds=WITHIN_SECONDS)


def seconds_until_limited(gateway: Service, control: Service) -> float:
    """Return the time from a push to the first request that it rejects, then push it away."""
    pushed_at = time.monotonic()
    put(control, NONE_ALLOWED)
    until(
        lambda: gateway.get("/api/users/x").status_code == HTTPStatus.TOO_MANY_REQUESTS,
        within_seconds=WITHIN_SECONDS,
        every_seconds=0.01,
    )
    seconds = time.monotonic() - pushed_at
    until_version(gateway, put(control, {}).json()["version"])
    return seconds


@pytest.fixture(scope="module")
def control(start: Start) -> Service:
    return start("control")


@pytest.fixture(scope="module")
def gateways(start: Start, control: Service) -> tuple[Service, Service]:
    return gateway_of(start, control, "gateway-1"), gateway_of(start, control, "gateway-2")


@pytest.fixture
def gateway(gateways: tuple[Service, Service], control: Service) -> Service:
    """Gateway with the values of the files."""
    until_version(gateways[0], put(control, {}).json()["version"])
    return gateways[0]


def test_a_pushed_limit_holds_within_a_second_without_a_restart(
    gateway: Service, control: Service
) -> None:
    assert gateway.get("/api/users/x").status_code == HTTPStatus.UNPROCESSABLE_ENTITY

    seconds = [seconds_until_limited(gateway, control) for _ in range(3)]

    assert min(seconds) < 1.0  # of a machine that does other things, too
    assert value(gateway, 'configuration_reloads_total{result="refused"}') == 0


def test_orders_applies_a_document_that_was_pushed_before_its_start(
    start: Start, control: Service
) -> None:
    put(control, {"worker_pool": {"capacity": 7}}, "orders/dev")

    orders = start("orders", ready=False, CONFIG_URL=control.url, **AWAY)

    until(orders.alive, within_seconds=60)
    until(
        lambda: orders.samples("worker_pool_queue_capacity") == {'{pool="fulfilment"}': 7},
        within_seconds=WITHIN_SECONDS,
    )
    assert value(orders, "configuration_canary") == 0


def test_a_canary_reaches_one_of_two_instances_until_it_is_promoted(
    gateway: Service, gateways: tuple[Service, Service], control: Service
) -> None:
    other = gateways[1]
    before = version(gateway)
    until_version(other, before)

    canary = put(control, {"limits": {"client": {"burst": 77}}}, instances="gateway-2").json()
    until_version(other, canary["version"])

    assert (burst(gateway), burst(other)) == ("500", "77")
    assert (version(gateway), value(other, "configuration_canary")) == (before, 1)
    promoted = post(control, "gateway/dev/promote").json()
    until_version(gateway, promoted["version"])
    until_version(other, promoted["version"])
    assert (burst(gateway), burst(other)) == ("77", "77")
    assert value(other, "configuration_canary") == 0


def test_a_bad_push_is_refused_with_key_value_and_expectation(
    gateway: Service, control: Service
) -> None:
    refused = put(control, {"limits": {"client": {"burst": 0}}})

    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert refused.json()["detail"] == [
        {
            "key": "limits.client.burst",
            "value": "0",
            "expected": "a value greater than or equal to 1",
        }
    ]
    assert burst(gateway) == "500"


def test_an_instance_refuses_a_value_that_it_cannot_decrypt_and_keeps_the_old_one(
    start: Start, control: Service
) -> None:
    sealed = f"enc(A256GCM,{base64.urlsafe_b64encode(bytes(40)).decode()})"
    users = start("users", CONFIG_URL=control.url, CONFIG_PROFILE="test")

    pushed = put(control, {"log_level": "ERROR", "database": {"password": sealed}}, "users/test")
    refused = 'configuration_reloads_total{result="refused"}'
    until(lambda: value(users, refused) == 1, within_seconds=WITHIN_SECONDS)

    assert pushed.status_code == HTTPStatus.OK
    assert version(users) == 0
    assert value(users, "configuration_last_reload_successful") == 0
    text = users.log.read_text()
    assert "center: database.password: expected the variable CONFIG_KEY_FILE" in text
    assert sealed not in text


def test_a_center_that_was_killed_takes_nothing_and_continues(start: Start, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    environ = {"PORT": str(port), "CONFIG_FILE": str(tmp_path / "configuration.json")}
    first = start("control", **environ)
    gateway = gateway_of(start, first, "gateway-3")
    pushed = put(first, {"limits": {"client": {"burst": 88}}}).json()["version"]
    until_version(gateway, pushed)

    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    assert burst(gateway) == "88"
    second = start("control", **environ)
    late = gateway_of(start, second, "gateway-4")

    until_version(late, pushed)
    assert burst(gateway) == burst(late) == "88"
    newest = put(second, {"limits": {"client": {"burst": 99}}}).json()["version"]
    until_version(gateway, newest)
    assert burst(gateway) == "99"


def test_a_center_without_memory_reverts_no_running_service(start: Start) -> None:
    (port,) = free_ports(1)
    first = start("control", PORT=str(port))
    gateway = gateway_of(start, first, "gateway-5")
    pushed = put(first, {"limits": {"client": {"burst": 88}}}).json()["version"]
    until_version(gateway, pushed)

    first.process.kill()
    first.process.wait()
    second = start("control", PORT=str(port))
    newest = put(second, {"limits": {"client": {"burst": 99}}}).json()["version"]
    until_version(gateway, newest)

    assert newest > pushed
    assert value(gateway, 'configuration_reloads_total{result="applied"}') == 2


def test_polls_do_not_delay_the_stop_of_the_center(start: Start) -> None:
    control = start("control")
    gateway = gateway_of(start, control, "gateway-6")
    pushed = put(control, {}).json()["version"]
    until_version(gateway, pushed)

    control.stop()

    assert "timeout graceful shutdown exceeded" not in control.log.read_text()


@pytest.mark.parametrize("body", ["[]", "5", "{", "[" * 100_000, '{"\\ud800": 1}', "", "null"])
def test_a_body_that_is_no_document_is_refused(control: Service, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    url = f"{control.url}/config/orders/dev"

    status_code = httpx.put(url, content=body, headers=headers, timeout=10).status_code

    assert 400 <= status_code < 500


def test_a_service_starts_without_its_center(start: Start) -> None:
    gateway = lone_gateway(start, CONFIG_URL="http://127.0.0.1:9")

    assert burst(gateway) == "500"
    until(
        lambda: "the configuration center does not answer" in gateway.log.read_text(),
        within_seconds=WITHIN_SECONDS,
    )


@pytest.mark.usefixtures("gateways")
def test_polls_have_no_span(collector: Collector, control: Service) -> None:
    control.get("/config/gateway/dev/history")
    until(lambda: "/history" in str(collector.spans), within_seconds=WITHIN_SECONDS)

    names = {span.name for span in collector.spans}

    assert "GET /config/{application}/{profile}" not in names
    assert "/config/gateway/dev?" not in str(collector.spans)


def test_a_value_that_is_wrong_stops_the_start() -> None:
    environ = {
        "PORT": "9",
        "GRPC_PORT": "9",
        "USERS__DATABASE__LATENCY_FACTOR": "slow",
    }

    ended = subprocess.run(
        [sys.executable, "-m", "demo_services.users"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    expected = "USERS__DATABASE__LATENCY_FACTOR='slow': expected a valid number\n"
    assert ended.returncode == 1
    assert ended.stderr.endswith(f"\n{expected}")


def test_the_history_has_author_action_and_document(control: Service) -> None:
    put(control, {"log_level": "DEBUG"}, "orders/test")

    (newest,) = control.get("/config/orders/test/history").json()

    assert (newest["action"], newest["author"]) == ("push", "127.0.0.1")
    assert newest["document"] == {"log_level": "DEBUG"}
    line = next(
        json.loads(line)
        for line in control.log.read_text().splitlines()
        if '"profile": "test"' in line and '"application": "orders"' in line
    )
    assert (line["action"], line["keys"]) == ("push", ["log_level"])


def test_an_unknown_version_is_no_target_of_a_rollback(control: Service) -> None:
    assert post(control, "gateway/dev/rollback", version="5").status_code == HTTPStatus.CONFLICT


@pytest.mark.parametrize("path", ["gateway/staging", "traffic/dev"])
def test_an_unknown_place_is_not_found(control: Service, path: str) -> None:
    assert put(control, {}, path).status_code == HTTPStatus.NOT_FOUND


def test_a_change_of_prod_needs_a_token(control: Service) -> None:
    refused = put(control, {}, "orders/prod")

    assert refused.status_code == HTTPStatus.FORBIDDEN
    assert "set CONFIG_TOKEN_FILE" in refused.json()["detail"]


def test_with_a_token_each_change_needs_it(start: Start, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(SENT)
    control = start("control", CONFIG_TOKEN_FILE=str(tmp_path / "token"))
    url = f"{control.url}/config/orders/prod"

    answers = [
        httpx.put(url, json={}, headers=headers).status_code
        for headers in (
            {},
            {"Authorization": f"Basic {SENT}"},
            {"Authorization": "Bearer another"},
            {"Authorization": f"Bearer {SENT}"},
        )
    ]

    assert answers == [403, 403, 403, 200]
    assert SENT not in control.log.read_text()


def test_a_page_of_another_site_changes_nothing(control: Service) -> None:
    headers = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    answer = httpx.put(f"{control.url}/config/gateway/dev", json={}, headers=headers)

    assert answer.status_code == HTTPStatus.FORBIDDEN


def test_the_command_encrypts_standard_input(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "demo_services.configuration"]
    key = subprocess.run([*command, "key"], cwd=ROOT, capture_output=True, check=True)
    (tmp_path / "key").write_bytes(key.stdout)

    sealed = subprocess.run(
        [*command, "encrypt", "orders-prod/database.password"],
        cwd=ROOT,
        env={"CONFIG_KEY_FILE": str(tmp_path / "key")},
        input=b"hunter2\n",
        capture_output=True,
        check=True,
    )

    value = sealed.stdout.decode().strip()
    opened = decrypt(read_key(tmp_path / "key"), "orders-prod/database.password", value)
    assert opened == "hunter2"
