"""Marks over a chart: thresholds, exemplars, annotations."""

import html
import math
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any, Final
from urllib.parse import quote

from instrumentation.conventions import TRACE_ID
from sightline.grafana import units
from sightline.grafana.fieldconfig import FieldConfig
from sightline.viewer.model.series import Exemplar
from sightline.viewer.panels.axis import Scale
from sightline.viewer.sources.panel_data import PanelData
from sightline.viewer.values import colors

_CELLS: Final = 40
_LINES: Final = 14
"""Grid of exemplar dots: of those in one cell, only the largest value is shown."""


def threshold_shapes(config: FieldConfig, scale: Scale) -> Iterator[dict[str, Any]]:
    """Yield lines or areas at the thresholds inside the scale."""
    mode = (config.custom.get("thresholdsStyle") or {}).get("mode", "off")
    if mode == "off":
        return
    inside = [
        (step.value, colors.css_color(step.color))
        for step in config.steps
        if step.value is not None and scale.low <= step.value <= scale.high
    ]
    edges = [*inside, (scale.high, "")]
    if "area" in mode:
        for (value, color), (above, _) in pairwise(edges):
            yield _band({"y0": value, "y1": above, "x0": 0, "x1": 1, "xref": "paper"}, color, 0.08)
    if mode != "area":
        for value, color in inside:
            line = {"color": color, "width": 1, "dash": "dash" if "dash" in mode else "solid"}
            ends = {"y0": value, "y1": value, "x0": 0, "x1": 1}
            yield {"type": "line", "xref": "paper", **ends, "line": line}


def exemplar_dots(
    data: PanelData, scale: Scale, place: Callable[[float], float] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield a Plotly trace of dots; a click opens the trace of the exemplar.

    *place* says where on the axis a value lies, which is the value itself when None.
    """
    kept = list(_spaced_exemplars(data, scale, place or (lambda value: min(value, scale.high))))
    if kept:
        heights = [height for _, height in kept]
        yield {
            "type": "scatter",
            "mode": "markers",
            "name": "Exemplars",
            "x": [data.local(one.seconds * 1000) for one, _ in kept],
            "y": heights,
            "customdata": [[_trace_url(one), _exemplar_text(one, data)] for one, _ in kept],
            "hovertemplate": "%{customdata[1]}<extra></extra>",
            "marker": {"symbol": "diamond", "size": 5, "color": "#C0D8FF"}
            | {"line": {"color": "#181b1f", "width": 1}},
        }


def _spaced_exemplars(
    data: PanelData, scale: Scale, place: Callable[[float], float]
) -> Iterable[tuple[Exemplar, float]]:
    """Return exemplars that do not overlap, with their heights."""
    time, cells = data.scope.time, {}
    for one in sorted(data.exemplars, key=lambda one: one.value):
        if one.labels.get(TRACE_ID):
            column = int(_CELLS * (one.seconds - time.start) / time.seconds)
            height = place(one.value)
            cells[column, int(_LINES * height / (scale.high or 1))] = one, height
    return cells.values()


def event_markers(data: PanelData, scale: Scale) -> Iterator[dict[str, Any]]:
    """Yield a Plotly trace with a small triangle and a text for each annotation."""
    if data.events:
        foot = math.log10(scale.low) if scale.logarithmic else scale.low
        yield {
            "type": "scatter",
            "mode": "markers",
            "name": "Annotations",
            "x": [data.local(one.start * 1000) for one in data.events],
            "y": [foot] * len(data.events),
            "customdata": [_hover_text(one.title, one.text) for one in data.events],
            "hovertemplate": "%{customdata}<extra></extra>",
            "cliponaxis": False,
            "marker": {"symbol": "triangle-up", "size": 8}
            | {"color": [colors.css_color(one.color) for one in data.events]},
        }


_REGION_OPACITY: Final = 0.1
"""Source: ``AnnotationsPlugin2`` of Grafana's time series panel."""


def event_shapes(data: PanelData) -> Iterator[dict[str, Any]]:
    """Yield a dotted line at the start of each annotation, and a band over its time span.

    Bands of several annotations lie over each other and become darker, as in Grafana.
    """
    for one in data.events:
        if one.end > one.start:
            span = {"x0": data.local(one.start * 1000), "x1": data.local(one.end * 1000)}
            color = colors.css_color(one.color)
            yield _band({**span, "y0": 0, "y1": 1, "yref": "paper"}, color, _REGION_OPACITY)
    for one in data.events:
        line = {"color": colors.css_color(one.color), "width": 1, "dash": "dot"}
        moment = data.local(one.start * 1000)
        yield {
            "type": "line",
            "x0": moment,
            "x1": moment,
            "y0": 0,
            "y1": 1,
            "yref": "paper",
            "line": line,
        }


def _band(place: dict[str, Any], color: str, opacity: float) -> dict[str, Any]:
    look = {"fillcolor": color, "opacity": opacity, "line": {"width": 0}, "layer": "below"}
    return {"type": "rect", **place, **look}


def _trace_url(one: Exemplar) -> str:
    return f"/trace/{quote(one.labels[TRACE_ID], safe='')}"


def _exemplar_text(one: Exemplar, data: PanelData) -> str:
    value = units.write(one.value, data.panel.config.unit or "s")
    return _hover_text(f"Trace {one.labels[TRACE_ID][:8]}…", f"{value} · click to open")


def _hover_text(title: str, text: str) -> str:
    return f"<b>{html.escape(title)}</b>" + (f"  {html.escape(text)}" if text else "")
