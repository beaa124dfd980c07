"""Time series panels: lines, areas, bars, points, with thresholds, exemplars and annotations."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sightline.grafana.frame import Field, number_series
from sightline.viewer.panels import gaps, marks
from sightline.viewer.panels.axis import Scale, layout, time_axis, value_axis
from sightline.viewer.panels.legend import legend
from sightline.viewer.panels.view import View, no_data
from sightline.viewer.sources.panel_data import PanelData
from sightline.viewer.values import colors
from sightline.viewer.values.fields import display

Line = tuple[Field, Field, str]
"""Times, values, color."""

_ORDERS: Final = {"desc": "value descending", "asc": "value ascending"}
_SHAPES: Final = {"linear": "linear", "smooth": "spline", "stepBefore": "vh", "stepAfter": "hv"}


def draw(data: PanelData) -> View:
    """Draw the chart and its legend."""
    lines = visible_lines(data)
    if not any(value is not None for _, field, _ in lines for value in field.values):
        return no_data(data.panel)
    scale = _scale(data, lines)
    unit = lines[0][1].config.unit
    figure = {
        "data": [
            *(_trace(data, line) for line in lines),
            *marks.exemplar_dots(data, scale),
            *marks.event_markers(data, scale),
        ],
        "layout": layout(
            xaxis=time_axis(data.range),
            yaxis=value_axis(scale, unit, title=_custom(data).get("axisLabel") or ""),
            shapes=[*marks.threshold_shapes(data.panel.config, scale), *marks.event_shapes(data)],
            hoversort=_ORDERS.get(data.panel.option("tooltip", "sort"), "trace"),
            barmode="stack" if _is_stacked(data) else "overlay",
        ),
    }
    listed = legend(data.panel, [(_until_now(data, *line), color) for *line, color in lines])
    return View(template="chart", context={"legend": listed}, figure=figure)


def visible_lines(data: PanelData) -> list[Line]:
    """Return every visible series with its color."""
    series = [(time, field) for time, field in number_series(data.frames) if time is not None]
    lines = []
    for index, (time, field) in enumerate(series):
        hidden = (field.config.custom.get("hideFrom") or {}).get("viz")
        last = next((value for value in reversed(field.values) if value is not None), None)
        color = colors.series_color(index, field.title, field.config, last)
        if not hidden:
            lines.append((time, field, color))
    return lines


def _trace(data: PanelData, line: Line) -> dict[str, Any]:
    time, field, color = line
    custom = field.config.custom
    times, values = _points(data, time, field)
    drawn = values if custom.get("transform") != _NEGATED else [_negative(one) for one in values]
    name = html.escape(field.title)
    return {
        "name": name,
        "x": [data.local(moment) for moment in times],
        "y": drawn,
        "customdata": [None if value is None else str(display(value, field)) for value in values],
        "hovertemplate": f"{name}  <b>%{{customdata}}</b><extra></extra>",
        "connectgaps": bool(custom.get("spanNulls")),
        **_look(custom, color),
        **_area(custom, color, stacked=_is_stacked(data), whole=None not in values),
        **_dots(custom, color, gaps.isolated(values)),
    }


_NEGATED: Final = "negative-Y"


def _negative(value: float | None) -> float | None:
    return None if value is None else -value


def _points(
    data: PanelData, time: Field, field: Field
) -> tuple[Sequence[float], Sequence[float | None]]:
    """Return times and values with gaps, so that no line bridges them.

    A stack has no gaps: Plotly would slant across them, so it falls to nothing instead.
    """
    step = 1000 * data.scope.interval_seconds
    if not _is_stacked(data):
        return gaps.with_gaps(time.values, field.values, step)
    times = gaps.regular_times(time.values, step)
    found = dict(zip(time.values, field.values, strict=True))
    return times, [found.get(one) or 0.0 for one in times]


def _area(custom: Mapping[str, Any], color: str, *, stacked: bool, whole: bool) -> dict[str, Any]:
    """Fill the area under a line. Lines with gaps have none, because Plotly's areas bridge gaps."""
    opacity = custom.get("fillOpacity", 0) / 100
    if custom.get("drawStyle") == "bars" or not (stacked or (opacity and whole)):
        return {}
    way = {"stackgroup": "all"} if stacked else {"fill": "tozeroy"}
    return {**way, "fillcolor": colors.with_opacity(color, opacity)}


def _look(custom: Mapping[str, Any], color: str) -> dict[str, Any]:
    opacity = custom.get("fillOpacity", 0) / 100
    if custom.get("drawStyle") == "bars":
        edge = {"color": color, "width": 1}
        return {
            "type": "bar",
            "marker": {"color": colors.with_opacity(color, opacity), "line": edge},
        }
    dashes = custom.get("lineStyle") or {}
    dash = ",".join(f"{part}px" for part in dashes.get("dash") or (8, 6))
    return {
        "type": "scatter",
        "mode": "markers" if custom.get("drawStyle") == "points" else _mode(custom),
        "marker": {"color": color, "size": custom.get("pointSize", 5)},
        "line": {
            "color": color,
            "width": custom.get("lineWidth", 1),
            "shape": _SHAPES.get(custom.get("lineInterpolation", "linear"), "linear"),
            "dash": dash if dashes.get("fill") in {"dash", "dot"} else "solid",
        },
    }


def _dots(custom: Mapping[str, Any], color: str, isolated: Sequence[bool]) -> dict[str, Any]:
    """Mark isolated values with dots, because a line through one point is invisible."""
    if custom.get("drawStyle", "line") != "line" or not any(isolated):
        return {}
    sizes = [custom.get("pointSize", 5) if one else 0 for one in isolated]
    return {
        "mode": "lines+markers",
        "marker": {"color": color, "size": sizes, "line": {"width": 0}},
    }


def _mode(custom: Mapping[str, Any]) -> str:
    return "lines+markers" if custom.get("showPoints") == "always" else "lines"


def _scale(data: PanelData, lines: Sequence[Line]) -> Scale:
    config = data.panel.config
    values = [
        _negative(value) if field.config.custom.get("transform") == _NEGATED else value
        for _, field, _ in lines
        for value in field.values
    ]
    if _is_stacked(data):
        values += _sums(lines)
    values += [config.custom.get("axisSoftMin"), config.custom.get("axisSoftMax")]
    scale = Scale.around(values, low=config.low, high=config.high, logarithmic=_is_log(data))
    return scale if config.high is not None else scale.round_up(lines[0][1].config.unit)


def _sums(lines: Sequence[Line]) -> list[float | None]:
    totals: dict[float, float] = {}
    for time, field, _ in lines:
        for moment, value in zip(time.values, field.values, strict=True):
            totals[moment] = totals.get(moment, 0.0) + (value or 0.0)
    return list(totals.values())


def _custom(data: PanelData) -> Mapping[str, Any]:
    return data.panel.config.custom


def _is_stacked(data: PanelData) -> bool:
    return (_custom(data).get("stacking") or {}).get("mode") in {"normal", "percent"}


def _is_log(data: PanelData) -> bool:
    return (_custom(data).get("scaleDistribution") or {}).get("type") == "log"


def _until_now(data: PanelData, time: Field, field: Field) -> Field:
    """Return *field* with an empty last value if its series ended before the time range."""
    step = 1000 * data.scope.interval_seconds
    ended = bool(time.values) and 1000 * data.scope.time.end - time.values[-1] > step
    return replace(field, values=[*field.values, None]) if ended else field
