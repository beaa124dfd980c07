"""Each alert fires and stays silent on the oldest supported Prometheus."""

from pathlib import Path

import pytest

from tests import promtool


@pytest.mark.parametrize(("file", "alert"), promtool.stories())
def test_an_alert_fires_and_stays_silent_as_told(file: str, alert: str, tmp_path: Path) -> None:
    document = promtool.story(promtool.FOLDER / f"{file}.yml")

    assert promtool.failure(2, document, alert, tmp_path) == ""
