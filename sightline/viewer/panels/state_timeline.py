"""State timeline panels: a band per series, colored by its value."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sightline.grafana.frame import Field, number_series
from sightline.viewer.panels.view import View, no_data
from sightline.viewer.sources.panel_data import PanelData
from sightline.viewer.values import colors
from sightline.viewer.values.fields import DisplayValue, display

_MAX_TICKS: Final = 6
_STEPS: Final = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200),
    *(86400, 172800, 604800, 2592000),
)
"""Seconds between two ticks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A time span in one state; positions are percentages of the time axis."""

    left: float
    width: float
    text: DisplayValue
    since: str
    until: str


def draw(data: PanelData) -> View:
    """Draw the bands over a time axis."""
    series = [
        (field.title, list(_bands(data, time, field)))
        for time, field in number_series(data.frames)
        if time is not None
    ]
    rows = [(title, bands) for title, bands in series if bands]
    if not rows:
        return no_data(data.panel)
    context = {
        "rows": rows,
        "letters": max(len(title) for title, _ in rows),
        "ticks": list(ticks(data)),
        "written": data.panel.option("showValue", default="auto") != "never",
    }
    return View(template="state_timeline", context=context)


def ticks(data: PanelData) -> Iterator[tuple[float, str]]:
    """Yield positions, as percentages, and texts of round times."""
    time = data.scope.time
    step = next((one for one in _STEPS if time.seconds / one <= _MAX_TICKS), _STEPS[-1])
    first = -(-time.start // step) * step
    for number in range(int((time.end - first) // step) + 1):
        moment = first + number * step
        text = data.local(1000 * moment)
        yield _percent(data, 1000 * moment), text[5:10] if step >= _DAY else _clock(text, step)


def _clock(text: str, step: float) -> str:
    return text[11:19] if step < _MINUTE else text[11:16]


_DAY: Final = 86400
_MINUTE: Final = 60


def _bands(data: PanelData, time: Field, field: Field) -> Iterator[Band]:
    step = 1000 * data.scope.interval_seconds
    for start, end, value in _runs(time.values, field.values, step):
        text = _display(value, field)
        left, right = _percent(data, start), _percent(data, end)
        if right > left:
            yield Band(
                left=left,
                width=right - left,
                text=text,
                since=data.local(start)[11:19],
                until=data.local(end)[11:19],
            )


def _display(value: Any, field: Field) -> DisplayValue:
    """Return text and color. With colors by threshold, Grafana ignores those of mappings."""
    shown = display(value, field)
    if field.config.color_mode != "thresholds" or not isinstance(value, int | float):
        return shown
    return replace(shown, color=colors.value_color(value, field.config))


def _runs(
    times: Sequence[float], values: Sequence[Any], step: float
) -> Iterator[tuple[float, float, Any]]:
    """Yield start, end and value of each span without a change or gap; milliseconds."""
    run: tuple[float, float, Any] | None = None
    for time, value in zip(times, values, strict=True):
        if run and (value != run[2] or time > run[1] + step / 2):
            yield run
            run = None
        if value is not None:
            run = (run[0] if run else time, time + step, value)
    if run:
        yield run


def _percent(data: PanelData, milliseconds: float) -> float:
    time = data.scope.time
    return min(max(100 * (milliseconds / 1000 - time.start) / time.seconds, 0.0), 100.0)
