"""Links in alerts of a running stack, read from Alertmanager."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from sightline.artifacts import COMPOSE_FILE
from sightline.binaries import find
from sightline.config import Config
from sightline.local.providers import Providers
from sightline.local.state import Role
from tests.alertmanagers import running_alertmanager
from tests.ports import free_ports
from tests.waiting import until

QUIET = "route: {receiver: none}\nreceivers: [{name: none}]\n"
COMPOSE_ENVIRONMENT = yaml.safe_load(COMPOSE_FILE.read_text())["services"]["prometheus"][
    "environment"
]


@contextmanager
def running(role: Role) -> Iterator[None]:
    """Run the process of *role*."""
    process = subprocess.Popen(
        role.command,
        cwd=role.folder,
        env=dict(role.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def prometheus(config: Config, major: int) -> Role:
    """Return the role of the local stack with a Prometheus of version *major*."""
    role = Providers(config, report=print).role("prometheus")
    binary = find("prometheus", config, major=major)
    return replace(role, command=(str(binary.path), *role.command[1:]))


def origins(alerts: list[dict[str, Any]]) -> set[str]:
    """Return scheme, host and port of every link in *alerts*."""
    annotations = [alert["annotations"] for alert in alerts]
    links = [text for each in annotations for key, text in each.items() if key.endswith("_url")]
    return {f"{url.scheme}://{url.netloc}" for url in map(urlsplit, links)}


@pytest.mark.parametrize("major", [2, 3])
def test_links_follow_the_ports_and_alerts_have_no_label_for_them(
    major: int, tmp_path: Path
) -> None:
    with running_alertmanager(QUIET, tmp_path) as alertmanager:
        port = str(urlsplit(alertmanager.url).port)
        environ = {
            "ALERTMANAGER_PORT": port,
            "PROMETHEUS_PORT": str(free_ports(1)[0]),
            "GRAFANA_PORT": "13000",
            "CONTROL_PORT": "18003",
            "SIGHTLINE_STATE": str(tmp_path / "state"),
        }
        with running(prometheus(Config.from_env({**os.environ, **environ}), major)):
            alerts = until(alertmanager.alerts, within_seconds=60)

    assert origins(alerts) == {"http://localhost:13000", "http://localhost:18003"}
    assert not {"grafana_url", "runbooks_url"} & {
        name for alert in alerts for name in alert["labels"]
    }


def test_compose_gives_prometheus_the_addresses_of_its_ports() -> None:
    assert COMPOSE_ENVIRONMENT == {
        "GOMEMLIMIT": "${PROMETHEUS_GOMEMLIMIT}",
        "GRAFANA_URL": "http://localhost:${GRAFANA_PORT}",
        "RUNBOOKS_URL": "http://localhost:${CONTROL_PORT}/runbooks",
    }
