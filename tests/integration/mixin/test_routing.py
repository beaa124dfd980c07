"""Routing, grouping and inhibition of both Alertmanager files in a real Alertmanager."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sightline.artifacts import PROMETHEUS
from tests.alertmanagers import (
    Alertmanager,
    Inbox,
    alert,
    running_alertmanager,
    webhook_receiver,
    with_webhooks,
)
from tests.waiting import until

WITHIN_SECONDS = 60
FILES = ("alertmanager.yml", "alertmanager.production.yml")


ALWAYS = [{"weekdays": ["sunday:saturday"]}]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with webhook_receiver() as received:
        yield received


@pytest.fixture(params=FILES)
def alertmanager(
    request: pytest.FixtureRequest, inbox: Inbox, tmp_path: Path
) -> Iterator[Alertmanager]:
    with running_alertmanager(
        with_webhooks(PROMETHEUS / request.param, inbox.port), tmp_path
    ) as started:
        yield started


@pytest.fixture
def production(inbox: Inbox, tmp_path: Path) -> Iterator[Alertmanager]:
    text = with_webhooks(PROMETHEUS / "alertmanager.production.yml", inbox.port)
    with running_alertmanager(text, tmp_path) as started:
        yield started


UNRELATED = [
    # A cause in one cluster or namespace, and the same service in another one.
    alert("ServiceDown", "critical", job="api", cluster="staging"),
    alert("SloDataMissing", "warning", job="api", slo="availability", cluster="prod"),
    alert("ServiceDown", "critical", job="cart", namespace="blue"),
    alert("TargetDown", "warning", job="cart", namespace="green", instance="cart:80"),
    alert("SpanExportFailing", "warning", job="cart", namespace="blue"),
    alert("SpanQueueNearlyFull", "warning", job="cart", namespace="green"),
    # A failure of the monitoring itself, and services.
    alert("PrometheusNotIngestingSamples", "critical", job="prometheus", cluster="edge"),
    alert("KubeNodeNotReady", "critical", node="n1", cluster="prod"),
    alert("ServiceDown", "critical", job="jaeger", cluster="dev"),
    alert("SpansDropped", "warning", job="api", cluster="prod", error_type="queue_full"),
    # A possible cause, and what users notice.
    alert("DependencyErrorRatioHigh", "warning", job="shop", server_address="ads"),
    alert("HttpServerErrorRatioHigh", "warning", job="shop"),
    alert("EventLoopBlocked", "warning", job="shop", instance="shop:17"),
    alert("HttpServerLatencyHigh", "warning", job="shop"),
    alert("ServiceDown", "critical", job="mail"),
    alert("ErrorBudgetBurn", "critical", job="mail", slo="availability", window="1h"),
    # Two objectives, and two replicas.
    alert("ErrorBudgetBurn", "critical", job="shop", slo="latency", window="1h"),
    alert("ErrorBudgetBurn", "warning", job="shop", slo="availability", window="1d"),
    alert("MemoryLimitNear", "critical", job="shop", instance="shop:1"),
    alert("MemoryLimitNear", "warning", job="shop", instance="shop:2"),
]


def test_no_alert_hides_another_fact(alertmanager: Alertmanager) -> None:
    alertmanager.post(*UNRELATED)

    until(lambda: len(alertmanager.alerts()) == len(UNRELATED), within_seconds=WITHIN_SECONDS)
    assert alertmanager.suppressed() == set()


def test_an_alert_hides_the_same_fact(alertmanager: Alertmanager) -> None:
    alertmanager.post(
        alert("ServiceDown", "critical", job="users", cluster="eu"),
        alert("TargetDown", "warning", job="users", cluster="eu", instance="users:8002"),
        alert("SloDataMissing", "warning", job="users", cluster="eu", slo="availability"),
        alert("HttpServerTrafficDropped", "warning", job="users", cluster="eu"),
        alert("ErrorBudgetBurn", "critical", job="gateway", slo="availability", window="1h"),
        alert("ErrorBudgetBurn", "warning", job="gateway", slo="availability", window="1d"),
        alert("SpanExportFailing", "warning", job="orders", instance="orders:8001"),
        alert("SpanQueueNearlyFull", "warning", job="orders", instance="orders:8001"),
    )

    assert until(alertmanager.suppressed, within_seconds=WITHIN_SECONDS) == {
        *(("TargetDown", "users"), ("SloDataMissing", "users")),
        ("HttpServerTrafficDropped", "users"),
        *(("ErrorBudgetBurn", "gateway"), ("SpanQueueNearlyFull", "orders")),
    }


def test_200_callers_of_a_failing_service_are_one_notification(
    alertmanager: Alertmanager, inbox: Inbox
) -> None:
    callee = {"callee": "users", "server_port": "8002"}
    addresses = ("users", "users.shop.svc")
    alertmanager.post(
        *(
            alert(
                "DependencyErrorRatioHigh",
                "warning",
                job=f"caller-{n}",
                server_address=addresses[n % 2],
                **callee,
            )
            for n in range(200)
        )
    )

    until(lambda: inbox.notifications, within_seconds=WITHIN_SECONDS)
    assert [len(each["alerts"]) for each in inbox.notifications] == [200]
    assert inbox.notifications[0]["commonLabels"]["callee"] == "users"


def test_a_demo_sends_the_watchdog_to_its_own_receiver_and_info_to_none(
    inbox: Inbox, tmp_path: Path
) -> None:
    with running_alertmanager(
        with_webhooks(PROMETHEUS / "alertmanager.yml", inbox.port), tmp_path
    ) as demo:
        demo.post(
            alert("Watchdog", "none"),
            alert("ExemplarsMissing", "info"),
            alert("TargetDown", "warning", job="orders", instance="orders:8001"),
        )
        until(lambda: len(inbox.receivers()) == 2, within_seconds=WITHIN_SECONDS)

    assert inbox.receivers() == {"Watchdog": "dead-man", "TargetDown": "inbox"}


def test_production_routes_by_severity_team_and_environment(
    production: Alertmanager, inbox: Inbox
) -> None:
    expected = {
        "Watchdog": "heartbeat",
        "ServiceDown": "pages",
        "ServiceAbsent": "pages-payments",
        "TargetDown": "tickets",
        "ServiceRestarting": "tickets-payments",
        "HttpServerRequestsStuck": "tickets",
    }

    production.post(
        alert("Watchdog", "none"),
        alert("ExemplarsMissing", "info"),
        alert("ServiceDown", "critical", job="shop", environment="production"),
        alert("ServiceAbsent", "critical", job="pay", team="payments"),
        alert("TargetDown", "warning", job="cart"),
        alert("ServiceRestarting", "warning", job="pay", team="payments"),
        alert("HttpServerRequestsStuck", "critical", job="shop", environment="staging"),
    )

    until(lambda: len(inbox.receivers()) == len(expected), within_seconds=WITHIN_SECONDS)
    assert inbox.receivers() == expected


def test_a_deployment_mutes_tickets_and_no_page(inbox: Inbox, tmp_path: Path) -> None:
    text = with_webhooks(PROMETHEUS / "alertmanager.production.yml", inbox.port, muted=ALWAYS)

    with running_alertmanager(text, tmp_path) as production:
        production.post(
            alert("DependencyErrorRatioHigh", "warning", job="shop", server_address="ads"),
            alert("SpansDropped", "warning", job="shop"),
            alert("ServiceDown", "critical", job="cart"),
            alert("TargetDown", "warning", job="mail"),
        )
        until(lambda: len(inbox.receivers()) == 2, within_seconds=WITHIN_SECONDS)

    assert inbox.receivers() == {"ServiceDown": "pages", "TargetDown": "tickets"}


def test_everything_that_is_wrong_with_a_service_is_one_page(
    production: Alertmanager, inbox: Inbox
) -> None:
    production.post(
        alert("ErrorBudgetBurn", "critical", job="shop", slo="availability", window="1h"),
        alert("ErrorBudgetBurn", "critical", job="shop", slo="latency", window="1h"),
        alert("HttpServerRequestsStuck", "critical", job="shop"),
    )

    until(lambda: inbox.notifications, within_seconds=WITHIN_SECONDS)
    assert [len(each["alerts"]) for each in inbox.notifications] == [3]


def test_both_files_inhibit_alike() -> None:
    demo, production = (
        yaml.safe_load((PROMETHEUS / file).read_text())["inhibit_rules"] for file in FILES
    )

    assert demo == production
