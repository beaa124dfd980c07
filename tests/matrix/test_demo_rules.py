"""The demo's rules: each alert fires and stays silent as in production, ten times faster."""

from pathlib import Path

import pytest

from tests import promtool

STORIES = [
    (file, alert)
    for file, alert in promtool.stories()
    if file not in promtool.PRODUCTION_ONLY and ":" not in alert
]


@pytest.mark.parametrize(("file", "alert"), STORIES)
def test_an_alert_tells_the_same_ten_times_faster(file: str, alert: str, tmp_path: Path) -> None:
    document = promtool.at_demo_speed(promtool.story(promtool.FOLDER / f"{file}.yml"))

    assert promtool.failure(3, document, alert, tmp_path) == ""
