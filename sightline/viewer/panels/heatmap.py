"""Heatmap panels: events per bucket over time."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from sightline.grafana import units
from sightline.grafana.frame import Field, Frame
from sightline.viewer.panels import gaps, marks
from sightline.viewer.panels.axis import Scale, base_axis, layout, time_axis
from sightline.viewer.panels.view import NO_DATA, View, message
from sightline.viewer.sources.panel_data import PanelData
from sightline.viewer.values import colors

_SCHEMES: Final = {
    "Blues": ("#1b2433", "#1f4a86", "#3274D9", "#8AB8FF", "#e4efff"),
}
_LABELS: Final = 9
"""Maximum number of bucket bounds written beside the axis."""


def draw(data: PanelData) -> View:
    """Draw the cells, with exemplars as dots."""
    frame = next((one for one in data.frames if one.time and one.numbers), None)
    if frame is None or frame.time is None or not _has_events(frame):
        return message(NO_DATA)
    time, rows = _fill_gaps(data, frame.time, _used_buckets(frame.numbers))
    figure = {
        "data": [
            _cells(data, time, rows),
            *marks.exemplar_dots(
                _with_unit(data), Scale(low=0, high=len(rows)), lambda value: _row(value, rows)
            ),
        ],
        "layout": layout(
            xaxis=time_axis(data.range) | {"showgrid": False},
            yaxis=_bounds(data, rows),
            hovermode="closest",
        ),
    }
    return View(template="chart", context={"legend": None}, figure=figure)


def _has_events(frame: Frame) -> bool:
    return any(value for field in frame.numbers for value in field.values)


def _used_buckets(fields: Sequence[Field]) -> list[Field]:
    """Return the buckets from the lowest to the highest with events, and one more at each end."""
    filled = [number for number, field in enumerate(fields) if any(field.values)]
    return list(fields[max(filled[0] - 1, 0) : filled[-1] + 2])


def _fill_gaps(
    data: PanelData, time: Field, rows: Sequence[Field]
) -> tuple[Field, Sequence[Field]]:
    """Insert empty columns into gaps, because Plotly stretches the cells beside a gap."""
    step = 1000 * data.scope.interval_seconds
    # The empty column before the first lets Plotly compute the width of a single cell.
    times = [time.values[0] - step, *gaps.regular_times(time.values, step)]
    places = dict(zip(time.values, range(len(time.values)), strict=True))
    return time.with_values(times), [
        row.with_values(row.values[places[one]] if one in places else None for one in times)
        for row in rows
    ]


def _cells(data: PanelData, time: Field, rows: Sequence[Field]) -> dict[str, Any]:
    unit = data.panel.option("cellValues", "unit", default=data.panel.config.unit)
    floor = data.panel.option("filterValues", "le", default=0)
    counts = [[value if value and value > floor else None for value in row.values] for row in rows]
    texts = [["" if one is None else str(units.write(one, unit)) for one in row] for row in counts]
    exponent = data.panel.option("color", "exponent", default=0.5)
    return {
        "type": "heatmap",
        "x": [data.local(moment) for moment in time.values],
        "y": [number + 0.5 for number in range(len(rows))],
        "z": [[None if one is None else one**exponent for one in row] for row in counts],
        "text": texts,
        "customdata": [
            [_span(data, rows, number)] * len(time.values) for number in range(len(rows))
        ],
        "hovertemplate": "%{x|%H:%M:%S}<br>%{customdata}  <b>%{text}</b><extra></extra>",
        "colorscale": _colorscale(data),
        "showscale": False,
        "xgap": data.panel.option("cellGap", default=1),
        "ygap": data.panel.option("cellGap", default=1),
        "hoverongaps": False,
    }


def _colorscale(data: PanelData) -> list[tuple[float, str]]:
    scheme = data.panel.option("color", "scheme", default="")
    stops = _SCHEMES.get(scheme)
    if stops is None:
        return list(colors.HEATMAP)
    return [(number / (len(stops) - 1), stop) for number, stop in enumerate(stops)]


def _bounds(data: PanelData, rows: Sequence[Field]) -> dict[str, Any]:
    """Return the value axis: a row per bucket, with its upper bound at the top edge."""
    stride = -(-len(rows) // _LABELS)
    marked = list(range(stride - 1, len(rows), stride))
    return {
        **base_axis(),
        "range": [0, len(rows)],
        "tickvals": [number + 1 for number in marked],
        "ticktext": [_bound(data, rows[number]) for number in marked],
        "showgrid": False,
        "fixedrange": True,
    }


def _span(data: PanelData, rows: Sequence[Field], number: int) -> str:
    below = _bound(data, rows[number - 1]) if number else "0"
    return f"{below} to {_bound(data, rows[number])}"


def _bound(data: PanelData, field: Field) -> str:
    bound = _upper(field)
    return "+Inf" if bound == float("inf") else units.write_tick(bound, _axis_unit(data))


def _axis_unit(data: PanelData) -> str:
    return str(data.panel.option("yAxis", "unit", default=data.panel.config.unit or "s"))


def _upper(field: Field) -> float:
    try:
        return float(field.name)
    except ValueError:
        return float("inf")


def _row(value: float, rows: Sequence[Field]) -> float:
    """Return the position of *value* on the axis of rows."""
    low = 0.0
    for number, field in enumerate(rows):
        high = _upper(field)
        if value <= high:
            return number + (0.5 if high == float("inf") else (value - low) / ((high - low) or 1))
        low = high
    return float(len(rows))


def _with_unit(data: PanelData) -> PanelData:
    """Set the unit of the panel to the unit of the bucket bounds."""
    defaults = {**data.panel.defaults, "unit": _axis_unit(data)}
    return replace(data, panel=replace(data.panel, defaults=defaults))
