"""Default stack: traces, metrics and alerts between containers."""

import json

import httpx
import pytest
import yaml

from demo_services.graph import CALLS
from sightline.artifacts import PROMETHEUS
from tests.docker.engine import Project
from tests.tokens import bearer
from tests.waiting import until

JOBS = {*CALLS, "prometheus", "alertmanager", "jaeger"}

Urls = dict[str, str]


def get(url: str) -> httpx.Response:
    """Return the response of a GET request for *url*.

    Raises:
        ConnectionError: The request failed.
    """
    try:
        return httpx.get(url, timeout=10).raise_for_status()
    except httpx.HTTPError as error:
        raise ConnectionError(str(error)) from error


def services_of(jaeger: str, trace_id: str) -> set[str]:
    """Return the services with spans in the trace."""
    trace = get(f"{jaeger}/api/traces/{trace_id}").json()["data"][0]
    return {process["serviceName"] for process in trace["processes"].values()}


def request_traced(urls: Urls, trace_id: str) -> None:
    """Read an order with *trace_id* from all services, and wait until the trace is stored.

    Orders answers without users until its circuit breaker is closed.
    """
    headers = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}

    def is_stale() -> bool:
        response = httpx.get(f"{urls['gateway']}/api/orders/7", headers=headers, timeout=10)
        stale: bool = response.raise_for_status().json()["user_is_stale"]
        return stale

    until(lambda: not is_stale(), within_seconds=60, every_seconds=1)
    expected = {"gateway", "orders", "users"}
    until(lambda: services_of(urls["jaeger_query"], trace_id) == expected, within_seconds=90)


def test_every_service_is_healthy(stack: Project) -> None:
    services = stack.lasting_services()

    health = {name: stack.inspect(name)["State"]["Health"]["Status"] for name in services}

    assert health == dict.fromkeys(services, "healthy")


def test_links_of_jaegers_pages_lead_to_the_ports_of_the_host(
    stack: Project, ports: dict[str, str]
) -> None:
    links = stack.compose("exec", "-T", "jaeger", "cat", "/etc/jaeger-links/ui.json")

    menu = {item["label"]: item["url"] for item in json.loads(links)["menu"][0]["items"]}
    assert menu == {
        "Dashboards": f"http://localhost:{ports['GRAFANA_PORT']}/",
        "Prometheus": f"http://localhost:{ports['PROMETHEUS_PORT']}/",
        "Alertmanager": f"http://localhost:{ports['ALERTMANAGER_PORT']}/",
        "Alerts received": f"http://localhost:{ports['CONTROL_PORT']}/",
    }


@pytest.mark.usefixtures("stack")
def test_one_request_is_one_trace_over_three_containers(urls: Urls) -> None:
    request_traced(urls, "0af7651916cd43dd8448eb211c80319c")


@pytest.mark.usefixtures("stack")
def test_prometheus_reaches_every_target(urls: Urls) -> None:
    def up() -> set[str]:
        targets = get(f"{urls['prometheus']}/api/v1/targets").json()["data"]["activeTargets"]
        return {target["labels"]["job"] for target in targets if target["health"] == "up"}

    until(lambda: up() >= JOBS | {"span-metrics"}, within_seconds=90)


@pytest.mark.usefixtures("stack")
def test_every_rule_of_the_profile_is_loaded_and_healthy(urls: Urls) -> None:
    files = (PROMETHEUS / "rules" / "demo").glob("*.yml")
    written = {
        group["name"] for file in files for group in yaml.safe_load(file.read_text())["groups"]
    }

    def healthy() -> set[str]:
        groups = get(f"{urls['prometheus']}/api/v1/rules").json()["data"]["groups"]
        return {
            group["name"]
            for group in groups
            if all(rule["health"] == "ok" for rule in group["rules"])
        }

    until(lambda: healthy() == written, within_seconds=90)


@pytest.mark.usefixtures("stack")
def test_the_watchdog_reaches_the_inbox(urls: Urls) -> None:
    def received() -> bool:
        inbox = get(f"{urls['control']}/api/alerts").json()
        return bool(inbox["watchdog"]["state"] == "alive")

    until(received, within_seconds=120)


@pytest.mark.usefixtures("stack")
def test_the_home_page_is_served(urls: Urls) -> None:
    assert get(f"{urls['grafana']}/api/health").json()
    assert httpx.get(urls["grafana"], follow_redirects=True, timeout=10).status_code == 200


def test_data_survive_a_restart(stack: Project, urls: Urls) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    body = {"user_id": 3, "product": "tea", "quantity": 2}
    placed = httpx.post(
        f"{urls['gateway']}/api/orders", json=body, headers=bearer(urls["gateway"]), timeout=10
    ).json()
    request_traced(urls, trace_id)

    stack.compose("restart", "orders", "jaeger", "prometheus", "alertmanager")
    stack.up()

    order = f"{urls['gateway']}/api/orders/{placed['id']}"
    until(lambda: get(order).json()["product"] == "tea", within_seconds=90)
    assert services_of(urls["jaeger_query"], trace_id) == {"gateway", "orders", "users"}
    oldest = get(f"{urls['prometheus']}/api/v1/query?query=count_over_time(up[10m])>10").json()
    assert oldest["data"]["result"]


def test_a_warm_start_is_healthy_again(stack: Project, urls: Urls) -> None:
    stack.compose("stop", "-t", "10")
    stack.up()

    request_traced(urls, "5b8aa5a2d2c872e8321cf37308d69df2")
