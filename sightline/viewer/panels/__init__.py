"""From panel to view: one pure function a panel type."""

from collections.abc import Callable, Mapping
from typing import Final

from sightline.viewer.panels import (
    heatmap,
    singles,
    state_timeline,
    table,
    timeseries,
    traces,
    words,
)
from sightline.viewer.panels.drawing import Drawing, View

PANELS: Final[Mapping[str, Callable[[Drawing], View]]] = {
    "alertlist": words.alert_list,
    "bargauge": singles.bargauge,
    "gauge": singles.gauge,
    "heatmap": heatmap.draw,
    "nodeGraph": traces.node_graph,
    "stat": singles.stat,
    "state-timeline": state_timeline.draw,
    "table": table.draw,
    "text": words.text,
    "timeseries": timeseries.draw,
    "traces": traces.one_trace,
}


def draw(drawing: Drawing) -> View:
    """What *drawing* looks like; a type that we lack is named."""
    return PANELS.get(drawing.panel.type, words.unsupported)(drawing)
