"""The figures of the README are counted, not remembered."""

from pathlib import Path

import pytest
import yaml

from sightline.artefacts import DASHBOARDS, PROMETHEUS, ROOT
from sightline.grafana.dashboard import Dashboard


def alerts(profile: Path) -> set[str]:
    documents = [yaml.safe_load(file.read_text("utf-8")) for file in profile.glob("*.yml")]
    rules = [
        rule for document in documents for group in document["groups"] for rule in group["rules"]
    ]
    return {rule["alert"] for rule in rules if "alert" in rule}


def panels(dashboard: Path) -> int:
    return len(list(Dashboard.read(dashboard).every_panel()))


@pytest.mark.parametrize(
    "figure",
    [
        f"{len(alerts(PROMETHEUS / 'rules' / 'production'))} alerts in two profiles",
        f"nine dashboards, {sum(map(panels, DASHBOARDS.glob('*.json')))} panels",
    ],
)
def test_a_figure_of_the_front_page_is_what_the_files_say(figure: str) -> None:
    assert figure in (ROOT / "README.md").read_text("utf-8")


def test_nine_dashboards_are_nine() -> None:
    assert len(list(DASHBOARDS.glob("*.json"))) == 9
