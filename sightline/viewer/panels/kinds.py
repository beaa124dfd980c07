"""Functions that draw each panel type."""

from collections.abc import Callable, Mapping
from typing import Final

from sightline.viewer.panels import (
    heatmap,
    singles,
    state_timeline,
    table,
    text,
    timeseries,
    traces,
)
from sightline.viewer.panels.view import View
from sightline.viewer.sources.panel_data import PanelData
from sightline.viewer.sources.upstream import DRAWING_FAULTS, DrawingError

PANELS: Final[Mapping[str, Callable[[PanelData], View]]] = {
    "alertlist": text.alert_list,
    "bargauge": singles.bargauge,
    "gauge": singles.gauge,
    "heatmap": heatmap.draw,
    "nodeGraph": traces.node_graph,
    "stat": singles.stat,
    "state-timeline": state_timeline.draw,
    "table": table.draw,
    "text": text.text,
    "timeseries": timeseries.draw,
    "traces": traces.one_trace,
}


def draw(data: PanelData) -> View:
    """Return the view of a panel; an unknown type is named.

    Raises:
        DrawingError: The data has values of unexpected types.
    """
    try:
        return PANELS.get(data.panel.type, text.unsupported)(data)
    except DRAWING_FAULTS as error:
        raise DrawingError(error) from error
