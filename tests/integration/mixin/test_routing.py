"""A real Alertmanager with our file: who hears of what, and what stays silent."""

import json
import os
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sightline.artefacts import PROMETHEUS
from sightline.binaries import find
from sightline.config import Config
from tests.ports import free_ports
from tests.waiting import until

WITHIN_SECONDS = 60


@dataclass
class Inbox:
    """A receiver that remembers what it was told."""

    heard: list[dict[str, Any]] = field(default_factory=list)

    def names(self) -> set[tuple[str, str]]:
        """Alert and job of every alert heard of."""
        alerts = [alert for notification in self.heard for alert in notification["alerts"]]
        return {(alert["labels"]["alertname"], alert["labels"].get("job", "")) for alert in alerts}

    def receivers(self) -> dict[str, str]:
        """Receiver by the alerts of its notifications."""
        return {
            alert["labels"]["alertname"]: notification["receiver"]
            for notification in self.heard
            for alert in notification["alerts"]
        }


@dataclass(frozen=True)
class Alertmanager:
    """A running Alertmanager and its receiver."""

    url: str
    inbox: Inbox

    def post(self, *alerts: dict[str, str]) -> None:
        """Fire *alerts*, each given by its labels."""
        body = json.dumps([{"labels": labels} for labels in alerts]).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/v2/alerts", body, headers)  # noqa: S310  loopback
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310  as above

    def suppressed(self) -> set[tuple[str, str]]:
        """Alert and job of every alert that another one inhibits."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=10) as answer:  # noqa: S310  as above
            alerts = json.load(answer)
        return {
            (alert["labels"]["alertname"], alert["labels"].get("job", ""))
            for alert in alerts
            if alert["status"]["inhibitedBy"]
        }


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    told = Inbox()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            told.heard.append(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield told, server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def alertmanager(inbox: tuple[Inbox, int], tmp_path: Path) -> Iterator[Alertmanager]:
    told, receiver_port = inbox
    (port,) = free_ports(1)
    text = (PROMETHEUS / "alertmanager.yml").read_text()
    file = tmp_path / "alertmanager.yml"
    file.write_text(text.replace("control:8003", f"127.0.0.1:{receiver_port}"))
    binary = find("alertmanager", Config.from_env(os.environ)).path
    flags = ("--cluster.listen-address=", f"--web.listen-address=127.0.0.1:{port}")
    process = subprocess.Popen(
        [binary, f"--config.file={file}", f"--storage.path={tmp_path}", *flags],
        cwd=binary.parent,  # where Debian's looks for its templates
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: urllib.request.urlopen(f"{url}/-/ready").status == 200, within_seconds=60)  # noqa: S310  loopback
        yield Alertmanager(url=url, inbox=told)
    finally:
        process.kill()
        process.wait()


def alert(alertname: str, severity: str, **labels: str) -> dict[str, str]:
    return {"alertname": alertname, "severity": severity, **labels}


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


def test_causes_are_told_and_symptoms_are_not(alertmanager: Alertmanager) -> None:
    told = {
        *(("ServiceDown", "users"), ("ErrorBudgetBurn", "gateway")),
        *(("DependencyErrorRatioHigh", "orders"), ("EventLoopBlocked", "control")),
    }

    alertmanager.post(*OUTAGE)

    until(lambda: alertmanager.inbox.names() >= told, within_seconds=WITHIN_SECONDS)
    assert alertmanager.inbox.names() == told
    assert alertmanager.suppressed() == {
        *(("TargetDown", "users"), ("HttpServerErrorRatioHigh", "users")),
        *(("ErrorBudgetBurn", "gateway"), ("HttpServerErrorRatioHigh", "gateway")),
        *(("CircuitBreakerOpen", "orders"), ("HttpServerLatencyHigh", "control")),
    }


def test_a_symptom_elsewhere_is_told(alertmanager: Alertmanager) -> None:
    alertmanager.post(
        alert("ServiceDown", "critical", job="users"),
        alert("HttpServerErrorRatioHigh", "warning", job="orders"),
    )

    told = {("ServiceDown", "users"), ("HttpServerErrorRatioHigh", "orders")}
    until(lambda: alertmanager.inbox.names() == told, within_seconds=WITHIN_SECONDS)


def test_without_jaeger_no_service_is_blamed_for_its_spans(alertmanager: Alertmanager) -> None:
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


def test_the_watchdog_goes_to_the_dead_man_and_notes_go_nowhere(alertmanager: Alertmanager) -> None:
    alertmanager.post(
        alert("Watchdog", "none"),
        alert("ExemplarsMissing", "info"),
        alert("TargetDown", "warning", job="orders", instance="orders:8001"),
    )

    until(lambda: len(alertmanager.inbox.receivers()) == 2, within_seconds=WITHIN_SECONDS)
    assert alertmanager.inbox.receivers() == {"Watchdog": "dead-man", "TargetDown": "inbox"}


def test_a_blind_prometheus_silences_everything_but_the_watchdog(
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
