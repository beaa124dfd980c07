"""Texts of alerts as Prometheus expands them, with all labels, with empty ones and without any."""

import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
import yaml

from sightline.binaries import find
from sightline.config import Config
from sightline.mixin import catalogue
from sightline.mixin.config import DEMO
from sightline.mixin.model import Alert
from tests.ports import free_ports
from tests.waiting import until

NAMED: Final = re.compile(r"\$labels\.(\w+)")
VALUE: Final = 0.9437
ALWAYS: Final = {"slo": "availability", "window": "1h"}
"""Labels that the objective sets."""

WRONG: Final = re.compile(
    r"<error|<no value>|NaN|%!|  |^ | $|(?<!\w)\( ?\)|\"\"|''| [.,:;)]|[(] |: ?\.|:$"
)
"""Failed templates, and the traces of an absent label or value."""

ALERTS: Final = {f"{number} {alert.name}": alert for number, alert in enumerate(catalogue.alerts())}


def vector(labels: dict[str, str]) -> str:
    """Return PromQL of one sample with *labels*."""
    expr = f"vector({VALUE})"
    for name, value in labels.items():
        expr = f'label_replace({expr}, "{name}", "{value}", "", "")'
    return expr


def rule(title: str, alert: Alert, *, labels: bool) -> dict[str, Any]:
    texts = DEMO.promql(alert.summary), DEMO.promql(alert.description)
    names = sorted(set(NAMED.findall(" ".join(texts))) - ALWAYS.keys())
    return {
        "alert": f"{title}, {'labels' if labels else 'no labels'}",
        "expr": vector(ALWAYS | {name: f"my-{name}" for name in names if labels}),
        "annotations": {
            name: DEMO.promql(text)
            for name, text in alert.annotations().items()
            if name in ("summary", "description")
        },
    }


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, str]]]:
    """Expanded annotations by title, from a Prometheus without any other data."""
    folder, (port,) = tmp_path_factory.mktemp("prometheus"), free_ports(1)
    rules = [
        rule(title, alert, labels=labels)
        for title, alert in ALERTS.items()
        for labels in (True, False)
    ]
    groups = {"groups": [{"name": "texts", "interval": "1s", "rules": rules}]}
    (folder / "rules.yml").write_text(yaml.safe_dump(groups))
    (folder / "prometheus.yml").write_text("rule_files: [rules.yml]\n")
    program = find("prometheus", Config.from_env(os.environ)).path
    flags = ("--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=error")
    listen = f"--web.listen-address=127.0.0.1:{port}"
    process = subprocess.Popen([program, *flags, listen], cwd=folder)
    try:
        yield until(lambda: expanded(f"http://127.0.0.1:{port}", len(rules)), within_seconds=60)
    finally:
        process.kill()
        process.wait()


def expanded(url: str, count: int) -> dict[str, dict[str, str]]:
    """Return the annotations of *count* firing alerts at *url*, or nothing before they fire."""
    try:
        answer = httpx.get(f"{url}/api/v1/alerts", timeout=10).json()
    except (httpx.HTTPError, ValueError):
        return {}
    alerts = answer["data"]["alerts"]
    firing = {each["labels"]["alertname"]: each["annotations"] for each in alerts}
    return firing if len(firing) == count else {}


@pytest.mark.parametrize("labels", ["labels", "no labels"])
@pytest.mark.parametrize("title", ALERTS)
def test_texts_read_well(texts: dict[str, dict[str, str]], title: str, labels: str) -> None:
    for text in texts[f"{title}, {labels}"].values():
        assert WRONG.findall(text) == [], text


@pytest.mark.parametrize("title", ALERTS)
def test_a_label_of_the_alert_is_in_its_texts(texts: dict[str, dict[str, str]], title: str) -> None:
    alert = ALERTS[title]
    shown = " ".join(texts[f"{title}, labels"].values())
    printed = re.findall(r"\{\{ \$labels\.(\w+) \}\}", alert.summary + alert.description)

    assert [name for name in printed if ALWAYS.get(name, f"my-{name}") not in shown] == []
