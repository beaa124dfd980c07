"""Panels over time: curves, heatmaps, states."""

from dataclasses import dataclass
from typing import ClassVar

from sightline.mixin.grafana.panels import Measured
from sightline.mixin.grafana.vocabulary import Json, Palette, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSeries(Measured):
    """A line per series, with thresholds as dashed lines."""

    kind: ClassVar[str] = "timeseries"

    stacked: bool = False
    reaches: float | None = None
    """Minimum upper end of the axis, so that small values look small."""
    logarithmic: bool = False

    def body(self) -> Json:
        """Return thin lines over a faint area, and a legend with the last and the largest value."""
        return {
            "fieldConfig": self.field_config(palette=Palette.BY_NAME, custom=self._lines()),
            "options": {
                "legend": {
                    "showLegend": True,
                    "displayMode": "table",
                    "placement": "bottom",
                    "calcs": ["lastNotNull", "max"],
                    "sortBy": "Last *",
                    "sortDesc": True,
                },
                "tooltip": {"mode": "multi", "sort": "desc", "hideZeros": False},
            },
        }

    def _lines(self) -> Json:
        logarithmic: Json = {"type": "log", "log": 10}
        return {
            "drawStyle": "line",
            "lineInterpolation": "linear",
            "lineWidth": 1 if self.stacked else 2,
            "fillOpacity": 40 if self.stacked else 8,
            "gradientMode": "none",
            "showPoints": "never",
            "pointSize": 5,
            "spanNulls": False,
            "axisPlacement": "auto",
            "axisLabel": "",
            "axisSoftMin": 0,
            **({} if self.reaches is None else {"axisSoftMax": self.reaches}),
            "scaleDistribution": logarithmic if self.logarithmic else {"type": "linear"},
            "stacking": {"mode": "normal" if self.stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "dashed" if self.scale.steps else "off"},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Heatmap(Measured):
    """Events per bucket over time. It shows two peaks where a quantile shows one number."""

    kind: ClassVar[str] = "heatmap"

    axis: Unit = Unit.SECONDS
    """Unit of the bucket bounds; the unit of the panel is that of a cell."""

    def body(self) -> Json:
        """Return cells that are darker for more events, and exemplars as links to traces."""
        custom: Json = {"scaleDistribution": {"type": "linear"}}
        return {
            "fieldConfig": self.field_config(palette=Palette.BY_THRESHOLD, custom=custom),
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
                "exemplars": {"color": "orange"},
                "filterValues": {"le": 1e-9},
                "legend": {"show": True},
                "rowsFrame": {"layout": "auto"},
                "showValue": "never",
                "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": True},
                "yAxis": {"axisPlacement": "left", "reverse": False, "unit": self.axis},
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StateTimeline(Measured):
    """A band per series, colored by its value."""

    kind: ClassVar[str] = "state-timeline"

    def body(self) -> Json:
        """Return bands colored by value mapping or threshold."""
        custom: Json = {"lineWidth": 0, "fillOpacity": 80}
        return {
            "fieldConfig": self.field_config(palette=Palette.BY_THRESHOLD, custom=custom),
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
