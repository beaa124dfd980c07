"""Real Alertmanager, and a webhook receiver that records notifications."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import yaml

from sightline.binaries import find
from sightline.config import Config
from tests.fakes.threaded import ThreadedServer
from tests.ports import free_ports
from tests.waiting import until

READY_WITHIN_SECONDS = 60
NEVER: list[dict[str, Any]] = [{"years": ["1970"]}]


@dataclass
class Inbox:
    """Notifications of a receiver."""

    port: int
    notifications: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of requests, oldest first."""
    arrivals: list[float] = field(default_factory=list)
    """Time of every request, in seconds since 1970."""

    def names(self) -> set[tuple[str, str]]:
        """Return alert and job of every alert in a notification."""
        alerts = [alert for notification in self.notifications for alert in notification["alerts"]]
        return {(alert["labels"]["alertname"], alert["labels"].get("job", "")) for alert in alerts}

    def receivers(self) -> dict[str, str]:
        """Return the receiver of every alert by name."""
        return {
            alert["labels"]["alertname"]: notification["receiver"]
            for notification in self.notifications
            for alert in notification["alerts"]
        }


@dataclass(frozen=True)
class Alertmanager:
    """Running Alertmanager."""

    url: str

    def post(self, *alerts: dict[str, Any]) -> None:
        """Fire *alerts*, each with labels and optional annotations."""
        headers = {"Content-Type": "application/json"}
        body = json.dumps(alerts).encode()
        request = urllib.request.Request(f"{self.url}/api/v2/alerts", body, headers)  # noqa: S310  loopback
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310  as above

    def alerts(self) -> list[dict[str, Any]]:
        """Return every alert, as the API has it."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=10) as answer:  # noqa: S310  as above
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def suppressed(self) -> set[tuple[str, str]]:
        """Return alert and job of every inhibited alert."""
        return {
            (alert["labels"]["alertname"], alert["labels"].get("job", ""))
            for alert in self.alerts()
            if alert["status"]["inhibitedBy"]
        }


def alert(alertname: str, severity: str, **labels: str) -> dict[str, Any]:
    """Return an alert as Prometheus posts it."""
    return {"labels": {"alertname": alertname, "severity": severity, **labels}}


def with_webhooks(
    file: Path,
    port: int,
    *,
    muted: list[dict[str, Any]] = NEVER,
    group_wait: str = "1s",
) -> str:
    """Return the configuration *file* with a webhook on *port* in each receiver that notifies.

    Args:
        muted: Times of every mute timing.
    """
    config: dict[str, Any] = yaml.safe_load(file.read_text())
    webhook = {"url": f"http://127.0.0.1:{port}", "send_resolved": False}
    config["receivers"] = [
        {"name": each["name"], "webhook_configs": [webhook]} if len(each) > 1 else each
        for each in config["receivers"]
    ]
    config["route"]["group_wait"] = group_wait
    config["templates"] = []
    for interval in config.get("time_intervals", ()):
        interval["time_intervals"] = muted
    return yaml.safe_dump(config)


@contextmanager
def webhook_receiver() -> Iterator[Inbox]:
    """Serve a webhook on loopback."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            notification = json.loads(self.rfile.read(length))
            inbox.arrivals.append(time.time())
            inbox.notifications.append(notification)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadedServer(Receiver) as server:
        inbox = Inbox(port=server.port)
        yield inbox


@contextmanager
def running_alertmanager(configuration: str, folder: Path) -> Iterator[Alertmanager]:
    """Run an Alertmanager with *configuration* and its state in *folder*."""
    (port,) = free_ports(1)
    file = folder / "alertmanager.yml"
    file.write_text(configuration)
    binary = find("alertmanager", Config.from_env(os.environ)).path
    flags = ("--cluster.listen-address=", f"--web.listen-address=127.0.0.1:{port}")
    process = subprocess.Popen(
        [binary, f"--config.file={file}", f"--storage.path={folder}", *flags],
        cwd=binary.parent,  # the package of Debian looks for its templates there
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: _ready(url), within_seconds=READY_WITHIN_SECONDS)
        yield Alertmanager(url=url)
    finally:
        process.kill()
        process.wait()


def _ready(url: str) -> bool:
    with urllib.request.urlopen(f"{url}/-/ready", timeout=10) as answer:  # noqa: S310  loopback
        return bool(answer.status == 200)
