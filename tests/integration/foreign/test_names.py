"""Names of the exported rules and dashboards beside those of kube-prometheus and its mixins."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from sightline.artifacts import ROOT
from tests.documents import blocks
from tests.foreign.installation import ADOPTION, export

TAKEN: dict[str, list[str]] = yaml.safe_load((ROOT / "tests/foreign/taken.yaml").read_text())
PAGE = ROOT / "docs" / "how-to" / "existing-installation.md"

SAME_ALERTS = {
    *("AlertmanagerMembersInconsistent", "TargetDown", "Watchdog"),
    *("PrometheusNotConnectedToAlertmanagers", "PrometheusNotIngestingSamples"),
    *("PrometheusNotificationQueueRunningFull", "PrometheusRemoteStorageFailures"),
    *("PrometheusRemoteWriteBehind", "PrometheusRuleFailures", "PrometheusSDRefreshFailure"),
    *("PrometheusTSDBCompactionsFailing", "PrometheusTargetLimitHit"),
}
"""Alerts with the same name and meaning in both."""


def beside_kube_prometheus() -> str:
    """Return the adoption file of the page."""
    (code,) = (
        block.code
        for block in blocks()
        if block.runner == "yaml adoption" and "kube-prometheus" in block.code
    )
    return f"{ADOPTION}{code}"


def names(out: Path) -> dict[str, set[str]]:
    """Return the exported names by the keys of `TAKEN`."""
    files = [yaml.safe_load(file.read_text()) for file in (out / "prometheus/rules").glob("*.yml")]
    groups = [group for file in files for group in file["groups"]]
    rules: list[dict[str, Any]] = [rule for group in groups for rule in group["rules"]]
    boards = [json.loads(file.read_text()) for file in (out / "grafana").rglob("*.json")]
    return {
        "alerts": {rule["alert"] for rule in rules if "alert" in rule},
        "records": {rule["record"] for rule in rules if "record" in rule},
        "groups": {group["name"] for group in groups},
        "dashboard_uids": {board["uid"] for board in boards},
        "dashboard_titles": {board["title"] for board in boards},
    }


@pytest.mark.parametrize("kind", TAKEN)
def test_no_name_is_taken_beside_kube_prometheus(kind: str, tmp_path: Path) -> None:
    ours = names(export(tmp_path, beside_kube_prometheus()))[kind]

    assert ours
    assert ours & set(TAKEN[kind]) == set()


def test_the_same_alerts_of_prometheus_itself_have_the_same_name(tmp_path: Path) -> None:
    ours = names(export(tmp_path))["alerts"]

    assert ours & set(TAKEN["alerts"]) == SAME_ALERTS
