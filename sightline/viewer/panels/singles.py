"""Panels of single numbers: stat, gauge, bar gauge."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sightline.grafana.frame import Field
from sightline.grafana.matchers import pattern
from sightline.grafana.reducers import CALCULATIONS, reduce_values
from sightline.viewer.panels.view import View, no_data
from sightline.viewer.sources.panel_data import PanelData
from sightline.viewer.values import colors
from sightline.viewer.values.fields import DisplayValue, display
from sightline.viewer.values.links import Href, value_links


@dataclass(frozen=True, slots=True, kw_only=True)
class Single:
    """A number and its name."""

    title: str
    value: float | None
    text: DisplayValue
    field: Field
    links: Sequence[Href]

    @property
    def color(self) -> str:
        """Color of the number."""
        return self.text.color


def stat(data: PanelData) -> View:
    """Draw large numbers, optionally with a sparkline."""
    numbers = list(_singles(data))
    if not numbers:
        return no_data(data.panel)
    graph = data.panel.option("graphMode", default="none") == "area"
    context = {
        "singles": [
            {
                "single": one,
                "spark": sparkline_paths(one.field.values) if graph and _is_number(one) else None,
            }
            for one in numbers
        ],
        "background": str(data.panel.option("colorMode", default="value")),
        "named": _shows_names(data, numbers),
    }
    return View(template="stat", context=context)


def _is_number(one: Single) -> bool:
    return one.field.type == "number"


def gauge(data: PanelData) -> View:
    """Draw dials from minimum to maximum, with thresholds as an outer ring."""
    numbers = list(_singles(data))
    if not numbers:
        return no_data(data.panel)
    markers = data.panel.option("showThresholdMarkers", default=True)
    dials = [
        {
            "single": one,
            "value": arc_path(0.0, position(one.value, one.field), radius=80),
            "ground": arc_path(0.0, 1.0, radius=80),
            "ring": list(_ring(one.field)) if markers else [],
        }
        for one in numbers
    ]
    return View(template="gauge", context={"dials": dials, "named": _shows_names(data, numbers)})


def bargauge(data: PanelData) -> View:
    """Draw a bar per number."""
    numbers = list(_singles(data))
    if not numbers:
        return no_data(data.panel)
    top = max((one.value for one in numbers if one.value is not None), default=1.0) or 1.0
    context = {
        "bars": [
            {"single": one, "percent": 100 * position(one.value, one.field, top=top)}
            for one in numbers
        ],
        "vertical": data.panel.option("orientation") == "vertical",
        "stacked": data.panel.option("namePlacement") == "top",
    }
    return View(template="bargauge", context=context)


def position(value: float | None, field: Field, *, top: float | None = None) -> float:
    """Return the position of *value* between minimum and maximum, from 0 to 1."""
    low = field.config.low if field.config.low is not None else 0.0
    high = field.config.high if field.config.high is not None else top
    if value is None:
        return 0.0
    return min(max((value - low) / (((high if high is not None else 100.0) - low) or 1), 0.0), 1.0)


def sparkline_paths(
    values: Sequence[float | None], *, points: int = 80
) -> Mapping[str, str] | None:
    """Return SVG paths in a box of 100 by 30: a line through *values* and the area below it."""
    stride = max(1, len(values) // points)
    present = [(i, value) for i, value in enumerate(values[::stride]) if value is not None]
    if len(present) < len(("start", "end")):
        return None
    low, high = min(value for _, value in present), max(value for _, value in present)
    width, height = present[-1][0] - present[0][0] or 1, (high - low) or 1
    line = " L".join(
        f"{100 * (i - present[0][0]) / width:.1f} {27 - 24 * (value - low) / height:.1f}"
        for i, value in present
    )
    return {"line": f"M{line}", "area": f"M0 30 L{line} L100 30 Z"}


def arc_path(start: float, end: float, *, radius: float) -> str:
    """Return the SVG path of a dial between two positions from 0 to 1; its center is (100, 100)."""
    (x0, y0), (x1, y1) = _on_dial(start, radius), _on_dial(end, radius)
    large = int((end - start) * _SWEEP > 180)  # noqa: PLR2004  half a turn, as SVG defines it
    return f"M{x0:.2f} {y0:.2f} A{radius:g} {radius:g} 0 {large} 1 {x1:.2f} {y1:.2f}"


_SWEEP: Final = 240.0
"""Degrees of the dial, which is open at the bottom."""


def _on_dial(share_: float, radius: float) -> tuple[float, float]:
    angle = math.radians(_SWEEP * share_ - _SWEEP / 2)
    return 100 + radius * math.sin(angle), 100 - radius * math.cos(angle)


def _ring(field: Field) -> Iterator[Mapping[str, str]]:
    steps = field.config.steps
    for number, step in enumerate(steps):
        start = 0.0 if step.value is None else position(step.value, field)
        following = steps[number + 1].value if number + 1 < len(steps) else None
        end = 1.0 if following is None else position(following, field)
        if end > start:
            yield {"path": arc_path(start, end, radius=93), "color": colors.css_color(step.color)}


def _singles(data: PanelData) -> Iterator[Single]:
    calcs = data.panel.option("reduceOptions", "calcs", default=[])
    calc = next((one for one in calcs if one in CALCULATIONS), "lastNotNull")
    for field in _fields(data):
        if data.panel.option("reduceOptions", "values"):
            for number, value in enumerate(field.values):
                yield _single(data, field, value, number)
        else:
            value = reduce_values(field.values, calc)
            if value is not None or field.config.no_value:
                yield _single(data, field, value, len(field.values) - 1)


def _single(data: PanelData, field: Field, value: float | None, row: int) -> Single:
    text = display(value, field)
    links = value_links(data.scope, field, value, str(text), row=row, frame=None)
    return Single(title=field.title, value=value, text=text, field=field, links=links)


_EVERY_FIELD: Final = "/.*/"


def _fields(data: PanelData) -> list[Field]:
    """Return the number columns, or those in ``reduceOptions.fields``."""
    wanted = data.panel.option("reduceOptions", "fields", default="")
    fields = [field for frame in data.frames for field in frame.fields]
    if wanted and wanted != _EVERY_FIELD:
        found = pattern(wanted) if wanted.startswith("/") else None
        return [
            field
            for field in fields
            if (found.search(field.title) if found else field.title == wanted)
        ]
    return [field for field in fields if field.type == "number"]


def _shows_names(data: PanelData, numbers: Sequence[Any]) -> bool:
    mode = data.panel.option("textMode", default="auto")
    return mode in {"value_and_name", "name"} or (mode == "auto" and len(numbers) > 1)
