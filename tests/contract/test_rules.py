"""The rules people take home: promtool loads them, and each alert fires and stays silent."""

from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from sightline.artefacts import PROMETHEUS
from tests import promtool

PROFILES = ("demo", "production")
STORIES = [path for path in promtool.FILES if path.stem not in promtool.PRODUCTION_ONLY]


def stem(path: Path) -> str:
    return path.stem


@pytest.fixture(scope="module", params=[2, 3], ids=["2.42", "3.x"])
def binary(request: pytest.FixtureRequest) -> Path:
    return promtool.binary(request.param)


@pytest.mark.parametrize("profile", PROFILES)
def test_promtool_finds_nothing_to_mend(binary: Path, profile: str) -> None:
    rules = sorted((PROMETHEUS / "rules" / profile).glob("*.yml"))

    said = promtool.complaints(binary, "check", "rules", "--lint=all", "--lint-fatal", *rules)

    assert said == ""


@pytest.mark.parametrize("path", promtool.FILES, ids=stem)
def test_alerts_fire_and_stay_silent_as_told(binary: Path, path: Path, tmp_path: Path) -> None:
    told = promtool.split(promtool.story(path), tmp_path)

    assert promtool.complaints(binary, "test", "rules", *told) == ""


@pytest.mark.parametrize("path", STORIES, ids=stem)
def test_the_demo_tells_the_same_stories_ten_times_faster(path: Path, tmp_path: Path) -> None:
    told = promtool.split(promtool.at_demo_speed(promtool.story(path)), tmp_path)

    assert promtool.complaints(promtool.binary(3), "test", "rules", *told) == ""


def test_a_wrong_expectation_is_noticed(binary: Path, tmp_path: Path) -> None:
    document = deepcopy(promtool.story(PROMETHEUS / "tests" / "watchdog.yml"))
    del document["tests"][0]["alert_rule_test"][1]["exp_alerts"]
    told = tmp_path / "wrong.yml"
    told.write_text(yaml.safe_dump(document))

    assert "WatchdogNotReceived" in promtool.complaints(binary, "test", "rules", told)
