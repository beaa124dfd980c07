"""Panel types."""

from pathlib import Path

import pytest

from sightline.artifacts import DASHBOARDS
from sightline.grafana.dashboard import Dashboard
from sightline.viewer.panels.kinds import PANELS

FILES = sorted(DASHBOARDS.glob("*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_viewer_supports_every_panel_type_of_our_dashboards(file: Path) -> None:
    kinds = {panel.type for panel in Dashboard.read(file).every_panel()}

    assert kinds <= set(PANELS)
