"""Routing and inhibition of prometheus/alertmanager.yml in a real Alertmanager."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.artefacts import PROMETHEUS
from tests.alertmanagers import Alertmanager, Inbox, alert, running_alertmanager, webhook_receiver
from tests.waiting import until

WITHIN_SECONDS = 60


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with webhook_receiver() as received:
        yield received


@pytest.fixture
def alertmanager(inbox: Inbox, tmp_path: Path) -> Iterator[Alertmanager]:
    text = (PROMETHEUS / "alertmanager.yml").read_text()
    with running_alertmanager(
        text.replace("control:8003", f"127.0.0.1:{inbox.port}"), tmp_path
    ) as started:
        yield started


OUTAGE = [
    alert("ServiceDown", "critical", job="users"),
    alert("TargetDown", "warning", job="users", instance="users:8002"),
    alert("HttpServerErrorRatioHigh", "warning", job="users"),
    alert("ErrorBudgetBurn", "critical", job="gateway", slo="availability", window="1h"),
    alert("ErrorBudgetBurn", "warning", job="gateway", slo="availability", window="1d"),
    alert("HttpServerErrorRatioHigh", "warning", job="gateway"),
    alert("DependencyErrorRatioHigh", "warning", job="orders", server_address="users"),
    alert("CircuitBreakerOpen", "warning", job="orders", name="users"),
    alert("EventLoopBlocked", "warning", job="control"),
    alert("HttpServerLatencyHigh", "warning", job="control"),
]


def test_causes_notify_and_symptoms_are_suppressed(
    alertmanager: Alertmanager, inbox: Inbox
) -> None:
    expected = {
        *(("ServiceDown", "users"), ("ErrorBudgetBurn", "gateway")),
        *(("DependencyErrorRatioHigh", "orders"), ("EventLoopBlocked", "control")),
    }

    alertmanager.post(*OUTAGE)

    until(lambda: inbox.names() >= expected, within_seconds=WITHIN_SECONDS)
    assert inbox.names() == expected
    assert alertmanager.suppressed() == {
        *(("TargetDown", "users"), ("HttpServerErrorRatioHigh", "users")),
        *(("ErrorBudgetBurn", "gateway"), ("HttpServerErrorRatioHigh", "gateway")),
        *(("CircuitBreakerOpen", "orders"), ("HttpServerLatencyHigh", "control")),
    }


def test_a_symptom_of_another_service_notifies(alertmanager: Alertmanager, inbox: Inbox) -> None:
    alertmanager.post(
        alert("ServiceDown", "critical", job="users"),
        alert("HttpServerErrorRatioHigh", "warning", job="orders"),
    )

    expected = {("ServiceDown", "users"), ("HttpServerErrorRatioHigh", "orders")}
    until(lambda: inbox.names() == expected, within_seconds=WITHIN_SECONDS)


def test_without_jaeger_alerts_of_span_export_are_suppressed(alertmanager: Alertmanager) -> None:
    alertmanager.post(
        alert("ServiceDown", "critical", job="jaeger"),
        alert("JaegerNotReceiving", "warning"),
        alert("SpanExportFailing", "warning", job="orders"),
        alert("SpansDropped", "warning", job="users", error_type="queue_full"),
    )

    assert until(alertmanager.suppressed, within_seconds=WITHIN_SECONDS) == {
        ("JaegerNotReceiving", ""),
        ("SpanExportFailing", "orders"),
        ("SpansDropped", "users"),
    }


def test_the_watchdog_has_its_own_receiver_and_info_has_none(
    alertmanager: Alertmanager, inbox: Inbox
) -> None:
    alertmanager.post(
        alert("Watchdog", "none"),
        alert("ExemplarsMissing", "info"),
        alert("TargetDown", "warning", job="orders", instance="orders:8001"),
    )

    until(lambda: len(inbox.receivers()) == 2, within_seconds=WITHIN_SECONDS)
    assert inbox.receivers() == {"Watchdog": "dead-man", "TargetDown": "inbox"}


def test_a_prometheus_without_samples_suppresses_all_but_the_watchdog(
    alertmanager: Alertmanager,
) -> None:
    alertmanager.post(
        alert("PrometheusNotIngestingSamples", "critical", job="prometheus"),
        alert("Watchdog", "none"),
        alert("ServiceAbsent", "critical", job="orders"),
    )

    assert until(alertmanager.suppressed, within_seconds=WITHIN_SECONDS) == {
        ("ServiceAbsent", "orders"),
    }
