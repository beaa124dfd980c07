"""Real Alertmanager, and a webhook receiver that records notifications."""

import json
import os
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sightline.binaries import find
from sightline.config import Config
from tests.ports import free_ports
from tests.waiting import until

READY_WITHIN_SECONDS = 60


@dataclass
class Inbox:
    """Notifications of a receiver."""

    port: int
    notifications: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of requests, oldest first."""

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

    def suppressed(self) -> set[tuple[str, str]]:
        """Return alert and job of every inhibited alert."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=10) as answer:  # noqa: S310  as above
            alerts = json.load(answer)
        return {
            (alert["labels"]["alertname"], alert["labels"].get("job", ""))
            for alert in alerts
            if alert["status"]["inhibitedBy"]
        }


def alert(alertname: str, severity: str, **labels: str) -> dict[str, Any]:
    """Return an alert as Prometheus posts it."""
    return {"labels": {"alertname": alertname, "severity": severity, **labels}}


@contextmanager
def webhook_receiver() -> Iterator[Inbox]:
    """Serve a webhook on loopback."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            inbox.notifications.append(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    inbox = Inbox(port=server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield inbox
    finally:
        server.shutdown()
        server.server_close()


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
