"""Incidents in an organization with two clusters and two teams, in real time.

``python -m tests.benchmarks.incidents`` runs three Prometheus, of which two are a pair, and an
Alertmanager with exported files and the intervals of production. It takes an hour and three
quarters, and little CPU: 75 minutes of healthy history, then all incidents at the same moment.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from sightline.binaries import find
from sightline.config import Config
from tests.alertmanagers import Inbox, running_alertmanager, webhook_receiver, with_webhooks
from tests.foreign import incidents
from tests.foreign.firing import HEALTHY_MINUTES, INCIDENT_MINUTES
from tests.foreign.installation import export
from tests.foreign.scraping import Exposition, exposing
from tests.ports import free_ports
from tests.waiting import until

CALLERS: Final = 200
REPLICAS: Final = (("eu", "a"), ("eu", "b"), ("us", "a"))
SCRAPE: Final = "15s"
GROUP_WAIT: Final = "30s"
SUBJECT: Final = ("alertname", "severity", "cluster", "namespace", "job", "window")
"""Labels of a row. The callers of one service are one row with its name."""
READY_WITHIN_SECONDS: Final = 60


def main(arguments: list[str]) -> int:
    """Run the incidents and print the first notification of every alert."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--healthy-minutes", type=float, default=HEALTHY_MINUTES)
    parser.add_argument("--incident-minutes", type=float, default=INCIDENT_MINUTES)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), chosen.healthy_minutes, chosen.incident_minutes)
    return 0


def run(folder: Path, healthy: float, during: float) -> None:
    """Run the incidents after *healthy* minutes, for *during* minutes."""
    out = export(folder)
    incident_at = time.time() + 60 * healthy
    with ExitStack() as stack:
        inbox = stack.enter_context(webhook_receiver())
        exposition = stack.enter_context(exposing(incidents.world(CALLERS), incident_at))
        configuration = with_webhooks(
            out / "alertmanager" / "alertmanager.yml", inbox.port, group_wait=GROUP_WAIT
        )
        alertmanager = stack.enter_context(running_alertmanager(configuration, folder))
        for cluster, replica in REPLICAS[:2]:
            home = folder / f"{cluster}-{replica}"
            stack.enter_context(_prometheus(home, out, exposition, alertmanager.url))
        with _prometheus(folder / "us-a", out, exposition, alertmanager.url):
            _wait(incident_at)
        _wait(incident_at + 60 * during)
    sys.stdout.writelines(report(inbox, incident_at))


@contextmanager
def _prometheus(home: Path, out: Path, exposition: Exposition, alertmanager: str) -> Iterator[None]:
    """Run a Prometheus that scrapes the cluster named in *home*."""
    home.mkdir()
    cluster, _, replica = home.name.partition("-")
    (home / "targets.json").write_text(json.dumps(exposition.discovered(cluster)))
    (home / "prometheus.yml").write_text(
        yaml.safe_dump(configuration(cluster, replica, out, alertmanager))
    )
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [
            find("prometheus", Config.from_env(os.environ)).path,
            f"--config.file={home / 'prometheus.yml'}",
            f"--storage.tsdb.path={home / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stderr=(home / "log").open("w"),
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def configuration(cluster: str, replica: str, out: Path, alertmanager: str) -> dict[str, Any]:
    """Return the configuration of a replica. The namespace of an alert decides its team."""
    teams = [
        {
            "source_labels": ["namespace"],
            "regex": namespace,
            "target_label": "team",
            "replacement": team,
        }
        for namespace, team in incidents.TEAMS.items()
    ]
    return {
        "global": {
            "scrape_interval": SCRAPE,
            "evaluation_interval": "30s",
            "external_labels": {"cluster": cluster, "replica": replica},
        },
        "rule_files": [str(out / "prometheus" / "rules" / "*.yml")],
        "alerting": {
            "alert_relabel_configs": [{"action": "labeldrop", "regex": "replica"}, *teams],
            "alertmanagers": [
                {"static_configs": [{"targets": [alertmanager.removeprefix("http://")]}]}
            ],
        },
        "scrape_configs": [
            {"job_name": "generated", "file_sd_configs": [{"files": ["targets.json"]}]}
        ],
    }


def _wait(moment: float) -> None:
    """Wait until *moment*, in seconds since 1970."""
    remaining = moment - time.time()
    if remaining > 0:
        until(lambda: time.time() >= moment, within_seconds=remaining + 60, every_seconds=1)


def report(inbox: Inbox, incident_at: float) -> Iterator[str]:
    """Yield the first notification of every alert, and the last heartbeat of each Prometheus."""
    first: dict[tuple[str, ...], tuple[float, str, int]] = {}
    heartbeats: dict[str, float] = {}
    for arrived, notification in zip(inbox.arrivals, inbox.notifications, strict=True):
        seconds = arrived - incident_at
        for alert in notification["alerts"]:
            labels = alert["labels"]
            if labels["alertname"] == "Watchdog":
                heartbeats[labels["cluster"]] = seconds
                continue
            subject = {**labels, "job": labels.get("callee", labels.get("job", ""))}
            key = tuple(subject.get(name, "") for name in SUBJECT)
            first.setdefault(key, (seconds, notification["receiver"], len(notification["alerts"])))
    yield "| alert | recipient | alerts in it | seconds |\n|---|---|---|---|\n"
    for key, (seconds, receiver, count) in sorted(first.items(), key=lambda item: item[1]):
        yield f"| {' '.join(filter(None, key))} | {receiver} | {count} | {seconds:.0f} |\n"
    for cluster, seconds in heartbeats.items():
        yield f"last heartbeat of {cluster}: {seconds:.0f} s\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
