"""Axes computed in Python, so that all numbers in a chart are formatted by `units`."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sightline.grafana.units import write_tick
from sightline.viewer.panels.view import FAINT, FONT, LINES

_BINARY = {"bytes", "binBps"}
_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Range of a value axis."""

    low: float
    high: float
    logarithmic: bool = False

    @classmethod
    def around(
        cls,
        values: Iterable[float | None],
        *,
        low: float | None,
        high: float | None,
        logarithmic: bool = False,
    ) -> "Scale":
        """Fit a scale to *values*, within the limits if given."""
        present = [value for value in values if value is not None]
        if logarithmic:
            present = [value for value in present if value > 0]
        bottom, top = min(present, default=0.0), max(present, default=1.0)
        bottom = bottom if low is None else min(low, top)
        top = top if high is None else high
        if top <= bottom:
            top = bottom + (abs(bottom) or 1.0)
        if logarithmic and bottom <= 0:
            bottom = min(present, default=top / 1000)
        return cls(low=bottom, high=top, logarithmic=logarithmic)

    def ticks(self, unit: str, *, about: int = 4) -> list[float]:
        """Return round ticks: powers of two for bytes, powers of ten in a log scale."""
        if self.logarithmic:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            return [10.0**power for power in powers]
        step = _step((self.high - self.low) / about, binary=unit in _BINARY)
        first = math.ceil(self.low / step - 1e-9)
        count = math.floor((self.high - first * step) / step + 1e-9) + 1
        return [(first + number) * step for number in range(count)]

    def round_up(self, unit: str, *, about: int = 4) -> "Scale":
        """Extend the scale to the next round value."""
        if self.logarithmic:
            return self
        step = _step((self.high - self.low) / about, binary=unit in _BINARY)
        return replace(self, high=math.ceil(self.high / step - 1e-9) * step)


def value_axis(scale: Scale, unit: str, *, title: str = "", about: int = 4) -> dict[str, Any]:
    """Return Plotly's ``yaxis`` with ticks placed and formatted here; it cannot be zoomed."""
    ticks = scale.ticks(unit, about=about)
    room = 0.04 * (scale.high - scale.low)
    limits = (scale.low - (0 if scale.low == 0 else room), scale.high + room)
    if scale.logarithmic:
        limits = (math.log10(scale.low) - 0.05, math.log10(scale.high) + 0.05)
    return {
        **base_axis(),
        "type": "log" if scale.logarithmic else "linear",
        "range": limits,
        "tickvals": ticks,
        "ticktext": [write_tick(tick, unit) for tick in ticks],
        "title": {"text": title} if title else None,
        "fixedrange": True,
    }


def time_axis(ends: tuple[str, str]) -> dict[str, Any]:
    """Return Plotly's ``xaxis`` between two times."""
    return {
        **base_axis(),
        "type": "date",
        "range": list(ends),
        "nticks": 6,
        "hoverformat": "%Y-%m-%d %H:%M:%S",
        "spikethickness": 1,
        "spikecolor": "rgba(204, 204, 220, 0.35)",
        "spikedash": "solid",
        "tickformatstops": [
            {"dtickrange": [None, 60000], "value": "%H:%M:%S"},
            {"dtickrange": [60000, 86400000], "value": "%H:%M"},
            {"dtickrange": [86400000, None], "value": "%b %d"},
        ],
    }


def base_axis() -> dict[str, Any]:
    """Return the common settings of all axes."""
    return {
        "gridcolor": LINES,
        "linecolor": LINES,
        "zeroline": False,
        "automargin": True,
        "tickfont": {"color": FAINT, "size": 11},
        "tickangle": 0,
    }


def layout(**parts: Any) -> dict[str, Any]:
    """Return Plotly's ``layout`` in the viewer's style."""
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 10, "t": 8, "b": 8},
        "font": {"family": FONT, "size": 12, "color": FAINT},
        "showlegend": False,
        "dragmode": "zoom",
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": "#22252b",
            "bordercolor": "#34373f",
            "font": {"family": FONT, "size": 12, "color": "#CCCCDC"},
            "namelength": -1,
        },
        **parts,
    }


def _step(wanted: float, *, binary: bool) -> float:
    if wanted <= 0:
        return 1.0
    if binary and wanted >= 1:
        return 2.0 ** math.ceil(math.log2(wanted))
    power = 10.0 ** math.floor(math.log10(wanted))
    return power * next(nice for nice in _NICE if nice * power >= wanted * (1 - 1e-9))
