"""Panels with a time axis: time series, heatmap, state timeline."""

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from sightline.grafana import layout
from sightline.mixin.grafana.panels import ValuePanel
from sightline.mixin.grafana.schema import ColorMode, Json, Unit
from sightline.mixin.grafana.targets import Query

SOFT_MAX: Final = {
    Unit.RATIO: 0.1,
    Unit.COUNT: 1.0,
    Unit.REQUESTS_PER_SECOND: 0.1,
    Unit.EVENTS_PER_SECOND: 0.1,
}
"""Smallest upper end of an axis by unit. Without one, Grafana draws zeros on an axis to 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSeries(ValuePanel):
    """Line per series. Thresholds are dashed lines."""

    kind: ClassVar[str] = "timeseries"

    stacked: bool = False
    soft_max: float | None = None
    """Smallest upper end of the axis, so that small values look small."""
    logarithmic: bool = False
    calculations: tuple[str, ...] = ("last", "max")
    """Columns of the legend."""

    def fitted(self, columns: int) -> "TimeSeries":
        """Return the panel with as many columns of the legend as fit, at least the first."""
        legends = [one.legend for one in self.queries if isinstance(one, Query)]
        widest = max(legends, key=layout.name_pixels)
        fitting = [
            count
            for count in range(1, len(self.calculations) + 1)
            if layout.legend_pixels(widest, count, self.unit) <= layout.panel_pixels(columns)
        ]
        return replace(self, calculations=self.calculations[: max(fitting, default=1)])

    def body(self) -> Json:
        """Return options for thin lines, and a legend with the newest and the largest value.

        The newest value is the last sample of the series itself, also if the series has ended:
        Grafana computes it before it joins the series.
        """
        return {
            "fieldConfig": self.field_config(color_mode=ColorMode.PALETTE, custom=self._lines()),
            "options": {
                "legend": {
                    "showLegend": True,
                    "displayMode": "table",
                    "placement": "bottom",
                    "calcs": list(self.calculations),
                    "sortBy": "Last",
                    "sortDesc": True,
                },
                "tooltip": {"mode": "multi", "sort": "desc", "hideZeros": False},
            },
        }

    def _default_soft_max(self) -> float | None:
        """Return the highest threshold, or a small value of the unit."""
        small = SOFT_MAX.get(self.unit)
        if small is None:
            return None
        return max([small, *(step.value for step in self.scale.steps)])

    def _lines(self) -> Json:
        logarithmic: Json = {"type": "log", "log": 10}
        soft_max = self._default_soft_max() if self.soft_max is None else self.soft_max
        return {
            "drawStyle": "line",
            "lineInterpolation": "linear",
            "lineWidth": 0 if self.stacked else 2,
            "fillOpacity": 40 if self.stacked else 8,
            "gradientMode": "none",
            "showPoints": "never",
            "pointSize": 5,
            "spanNulls": False,
            "axisPlacement": "auto",
            "axisLabel": "",
            "axisSoftMin": 0,
            **({} if soft_max is None else {"axisSoftMax": soft_max}),
            "scaleDistribution": logarithmic if self.logarithmic else {"type": "linear"},
            "stacking": {"mode": "normal" if self.stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "dashed" if self.scale.steps else "off"},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Heatmap(ValuePanel):
    """Events per histogram bucket over time, which shows several peaks of a distribution."""

    kind: ClassVar[str] = "heatmap"

    axis: Unit = Unit.SECONDS
    """Unit of the bucket bounds. `unit` is the unit of a cell."""

    def body(self) -> Json:
        """Return options for cells that are darker for more events."""
        custom: Json = {"scaleDistribution": {"type": "linear"}}
        return {
            "fieldConfig": self.field_config(color_mode=ColorMode.BY_THRESHOLD, custom=custom),
            "options": {
                "calculate": False,
                "cellGap": 1,
                "cellValues": {"unit": self.unit},
                "color": {
                    "mode": "scheme",
                    "scheme": "Blues",
                    "fill": "dark-blue",
                    "scale": "exponential",
                    "exponent": 0.5,
                    "steps": 64,
                    "reverse": False,
                },
                "exemplars": {"color": "rgba(255,152,48,0.6)"},
                "filterValues": {"le": 1e-9},
                "legend": {"show": True},
                "rowsFrame": {"layout": "auto"},
                "showValue": "never",
                "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": True},
                "yAxis": {"axisPlacement": "left", "reverse": False, "unit": self.axis},
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StateTimeline(ValuePanel):
    """Band per series, colored by threshold.

    Grafana ignores the colors of value mappings here, and reports an error without any series.
    """

    kind: ClassVar[str] = "state-timeline"

    axis_width: int | None = None
    """Width of the names in pixels, for long ones. None is that of the longest name."""

    def body(self) -> Json:
        """Return options for bands colored by threshold."""
        custom: Json = {"lineWidth": 0, "fillOpacity": 80}
        if self.axis_width is not None:
            custom["axisWidth"] = self.axis_width
        return {
            "fieldConfig": self.field_config(color_mode=ColorMode.BY_THRESHOLD, custom=custom),
            "options": {
                "mergeValues": True,
                "showValue": "never",
                "alignValue": "left",
                "rowHeight": 0.8,
                "legend": {
                    "showLegend": False,
                    "displayMode": "list",
                    "placement": "bottom",
                    "calcs": [],
                },
                "tooltip": {"mode": "single", "sort": "none"},
            },
        }
