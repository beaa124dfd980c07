"""Dashboards compared with Grafana's definitions, and mistakes that the check must find."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightline.artifacts import DASHBOARDS
from tests.grafana_check.conftest import check

Panel = dict[str, Any]

CURVES: Panel = {"type": "timeseries", "options": {}, "fieldConfig": {"defaults": {"custom": {}}}}
STAT: Panel = {"type": "stat", "options": {}, "fieldConfig": {"defaults": {}}}
TABLE: Panel = {"type": "table", "options": {}, "fieldConfig": {"defaults": {}}}


def override(matcher: str, **properties: object) -> Panel:
    listed = [{"id": key.replace("_", "."), "value": value} for key, value in properties.items()]
    return {"overrides": [{"matcher": {"id": matcher}, "properties": listed}]}


MISTAKES: dict[str, Panel] = {
    'unknown unit "secs"': STAT | {"fieldConfig": {"defaults": {"unit": "secs"}}},
    'unknown unit "req/s"': STAT | {"fieldConfig": override("byName", unit="req/s")},
    'unknown matcher "byNam"': STAT | {"fieldConfig": override("byNam")},
    'unknown color mode "palette-clasic"': STAT
    | {"fieldConfig": {"defaults": {"color": {"mode": "palette-clasic"}}}},
    'unknown transformation "organise"': TABLE | {"transformations": [{"id": "organise"}]},
    'unknown reducer "lastNotNul"': STAT
    | {"options": {"reduceOptions": {"calcs": ["lastNotNul"]}}},
    'unknown type "timeserie"': CURVES | {"type": "timeserie"},
    '"botom"': CURVES | {"options": {"legend": {"placement": "botom"}}},
    '"backgrnd"': STAT | {"options": {"colorMode": "backgrnd"}},
    '"lines"': CURVES | {"fieldConfig": {"defaults": {"custom": {"drawStyle": "lines"}}}},
    "'string' is not assignable to type 'number'": CURVES
    | {"fieldConfig": {"defaults": {"custom": {"lineWidth": "2"}}}},
    "'\"showHeadr\"' does not exist": TABLE | {"options": {"showHeadr": True}},
    "'\"widht\"' does not exist": TABLE | {"fieldConfig": override("byName", custom_widht=80)},
}


@pytest.fixture(scope="module")
def findings_of(node: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], str]:
    """Function that returns the findings of one mistake by number."""
    planted = tmp_path_factory.mktemp("seeded") / "seeded.json"
    panels = [panel | {"id": number} for number, panel in enumerate(MISTAKES.values())]
    planted.write_text(json.dumps({"panels": panels}), encoding="utf-8")
    lines = check(node, planted).stdout.splitlines()
    return lambda number: "\n".join(line for line in lines if f"panel {number} " in line)


def test_every_dashboard_matches_the_definitions(node: str) -> None:
    answer = check(node, *sorted(Path(DASHBOARDS).glob("*.json")))

    assert (answer.returncode, answer.stderr) == (0, ""), answer.stdout


@pytest.mark.parametrize(("number", "finding"), list(enumerate(MISTAKES)), ids=str)
def test_a_planted_mistake_is_found(
    findings_of: Callable[[int], str], number: int, finding: str
) -> None:
    findings = findings_of(number)

    assert finding in findings
