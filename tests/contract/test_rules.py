"""The rules people take home: promtool loads them, and each alert fires and stays silent.

`tests/matrix/test_oldest_prometheus.py` repeats the tests of alerts on the oldest Prometheus.
"""

from copy import deepcopy
from pathlib import Path

import pytest

from sightline.artifacts import PROMETHEUS
from tests import promtool

PROFILES = ("demo", "production")
MAJORS = {"2.42": 2, "3.x": 3}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("major", MAJORS.values(), ids=MAJORS)
def test_promtool_reports_no_finding(major: int, profile: str) -> None:
    rules = sorted((PROMETHEUS / "rules" / profile).glob("*.yml"))
    options = ("check", "rules", "--lint=all", "--lint-fatal")

    assert promtool.complaints(promtool.binary(major), *options, *rules) == ""


@pytest.mark.parametrize(("file", "alert"), promtool.stories())
def test_an_alert_fires_and_stays_silent_as_told(file: str, alert: str, tmp_path: Path) -> None:
    document = promtool.story(promtool.FOLDER / f"{file}.yml")

    assert promtool.failure(3, document, alert, tmp_path) == ""


@pytest.mark.parametrize("major", MAJORS.values(), ids=MAJORS)
def test_a_wrong_expectation_is_noticed(major: int, tmp_path: Path) -> None:
    document = deepcopy(promtool.story(promtool.FOLDER / "watchdog.yml"))
    del document["tests"][0]["alert_rule_test"][1]["exp_alerts"]

    complaints = promtool.failure(major, document, "WatchdogNotReceived", tmp_path)

    assert "WatchdogNotReceived" in complaints
