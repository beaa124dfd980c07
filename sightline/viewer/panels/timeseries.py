"""Lines, areas, bars and points over time, with thresholds, exemplars and annotations."""

import html
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sightline.grafana.frame import Field, number_series
from sightline.viewer.panels import gaps, marks
from sightline.viewer.panels.axis import Scale, layout, time_axis, value_axis
from sightline.viewer.panels.legend import legend
from sightline.viewer.panels.view import View, no_data
from sightline.viewer.sources.drawing import Drawing
from sightline.viewer.values import colors
from sightline.viewer.values.fields import shown

Line = tuple[Field, Field, str]
"""Times, values, colour."""

_ORDERS: Final = {"desc": "value descending", "asc": "value ascending"}
_SHAPES: Final = {"linear": "linear", "smooth": "spline", "stepBefore": "vh", "stepAfter": "hv"}


def draw(drawing: Drawing) -> View:
    """The chart and its legend."""
    lines = visible_lines(drawing)
    if not any(value is not None for _, field, _ in lines for value in field.values):
        return no_data(drawing.panel)
    scale = _scale(drawing, lines)
    unit = lines[0][1].config.unit
    figure = {
        "data": [
            *(_trace(drawing, line) for line in lines),
            *marks.exemplars(drawing, scale),
            *marks.events(drawing, scale),
        ],
        "layout": layout(
            xaxis=time_axis(drawing.range),
            yaxis=value_axis(scale, unit, title=_custom(drawing).get("axisLabel") or ""),
            shapes=[*marks.thresholds(drawing.panel.config, scale), *marks.spans(drawing)],
            hoversort=_ORDERS.get(drawing.panel.option("tooltip", "sort"), "trace"),
            barmode="stack" if _stacked(drawing) else "overlay",
        ),
    }
    listed = legend(drawing.panel, [(field, color) for _, field, color in lines])
    return View(template="chart", context={"legend": listed}, figure=figure)


def visible_lines(drawing: Drawing) -> list[Line]:
    """Every series that the panel shows, with its colour."""
    series = [(time, field) for time, field in number_series(drawing.frames) if time is not None]
    names = _names([field for _, field in series])
    shades = colors.by_names(names)
    lines = []
    for index, (time, field) in enumerate(series):
        hidden = (field.config.custom.get("hideFrom") or {}).get("viz")
        last = next((value for value in reversed(field.values) if value is not None), None)
        color = colors.of_series(index, shades[names[index]], field.config, last)
        if not hidden:
            lines.append((time, field, color))
    return lines


def _names(fields: Sequence[Field]) -> list[str]:
    """What each line is coloured by: its service, if that alone tells the lines apart."""
    services = [field.labels.get("job", field.title) for field in fields]
    distinct = len(set(services)) == len(services)
    return services if distinct else [field.title for field in fields]


def _trace(drawing: Drawing, line: Line) -> dict[str, Any]:
    time, field, color = line
    custom = field.config.custom
    times, values = _points(drawing, time, field)
    name = html.escape(field.title)
    return {
        "name": name,
        "x": [drawing.local(moment) for moment in times],
        "y": values,
        "customdata": [None if value is None else str(shown(value, field)) for value in values],
        "hovertemplate": f"{name}  <b>%{{customdata}}</b><extra></extra>",
        "connectgaps": bool(custom.get("spanNulls")),
        **_look(custom, color),
        **_area(custom, color, stacked=_stacked(drawing), whole=None not in values),
        **_dots(custom, color, gaps.alone(values)),
    }


def _points(
    drawing: Drawing, time: Field, field: Field
) -> tuple[Sequence[float], Sequence[float | None]]:
    """Times and values, with an empty one in each gap so that no line bridges it.

    A stack has no gaps: Plotly would slant across them, so it falls to nothing instead.
    """
    step = 1000 * drawing.scope.interval_seconds
    if not _stacked(drawing):
        return gaps.marked(time.values, field.values, step)
    times = gaps.steady(time.values, step)
    found = dict(zip(time.values, field.values, strict=True))
    return times, [found.get(one) or 0.0 for one in times]


def _area(custom: Mapping[str, Any], color: str, *, stacked: bool, whole: bool) -> dict[str, Any]:
    """What is under a line; nothing under one with gaps, which Plotly's areas would bridge."""
    opacity = custom.get("fillOpacity", 0) / 100
    if custom.get("drawStyle") == "bars" or not (stacked or (opacity and whole)):
        return {}
    way = {"stackgroup": "all"} if stacked else {"fill": "tozeroy"}
    return {**way, "fillcolor": colors.faded(color, opacity)}


def _look(custom: Mapping[str, Any], color: str) -> dict[str, Any]:
    opacity = custom.get("fillOpacity", 0) / 100
    if custom.get("drawStyle") == "bars":
        edge = {"color": color, "width": 1}
        return {"type": "bar", "marker": {"color": colors.faded(color, opacity), "line": edge}}
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


def _dots(custom: Mapping[str, Any], color: str, alone: Sequence[bool]) -> dict[str, Any]:
    """A dot where a value stands alone, which no line would show: on a fresh stack, all of them."""
    if custom.get("drawStyle", "line") != "line" or not any(alone):
        return {}
    sizes = [custom.get("pointSize", 5) if one else 0 for one in alone]
    return {
        "mode": "lines+markers",
        "marker": {"color": color, "size": sizes, "line": {"width": 0}},
    }


def _mode(custom: Mapping[str, Any]) -> str:
    return "lines+markers" if custom.get("showPoints") == "always" else "lines"


def _scale(drawing: Drawing, lines: Sequence[Line]) -> Scale:
    config = drawing.panel.config
    values = [value for _, field, _ in lines for value in field.values]
    if _stacked(drawing):
        values += _sums(lines)
    values += [config.custom.get("axisSoftMin"), config.custom.get("axisSoftMax")]
    scale = Scale.around(
        values, low=config.low, high=config.high, logarithmic=_logarithmic(drawing)
    )
    return scale if config.high is not None else scale.rounded(lines[0][1].config.unit)


def _sums(lines: Sequence[Line]) -> list[float | None]:
    totals: dict[float, float] = {}
    for time, field, _ in lines:
        for moment, value in zip(time.values, field.values, strict=True):
            totals[moment] = totals.get(moment, 0.0) + (value or 0.0)
    return list(totals.values())


def _custom(drawing: Drawing) -> Mapping[str, Any]:
    return drawing.panel.config.custom


def _stacked(drawing: Drawing) -> bool:
    return (_custom(drawing).get("stacking") or {}).get("mode") in {"normal", "percent"}


def _logarithmic(drawing: Drawing) -> bool:
    return (_custom(drawing).get("scaleDistribution") or {}).get("type") == "log"
