"""Base classes of panels, and panels that show single numbers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sightline.mixin.grafana.fields import NEUTRAL_SCALE, Link, Override, Scale
from sightline.mixin.grafana.schema import Color, ColorMode, Json, Unit
from sightline.mixin.grafana.targets import PROMETHEUS, Buckets, InstantQuery, Query, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel(ABC):
    """Panel of a dashboard: title, description and queries."""

    kind: ClassVar[str]
    """Id of Grafana's panel plugin."""
    datasource: ClassVar[Json] = PROMETHEUS
    """Data source of most targets."""
    title: str
    description: str
    """Content of the panel, appearance of a bad picture, and its meaning."""
    relative_width: int = 1
    """Width relative to the other panels of the line."""
    height: int = 9
    """Height in grid units of about 30 pixels."""
    links: tuple[Link, ...] = ()

    @abstractmethod
    def targets(self) -> Sequence[Target]:
        """Return the queries. The first one has the refId A."""

    @abstractmethod
    def body(self) -> Json:
        """Return ``fieldConfig``, ``options`` and ``transformations`` of the panel type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuePanel(Panel, ABC):
    """Panel whose values have one unit."""

    unit: Unit
    queries: tuple[Query, ...] | tuple[InstantQuery, ...] | tuple[Buckets, ...]
    scale: Scale = NEUTRAL_SCALE
    decimals: int | None = None
    overrides: tuple[Override, ...] = ()
    mappings: tuple[Json, ...] = ()
    no_value: str | None = None
    """Text shown instead of "No data" if an empty result is normal."""
    minimum: float | None = 0
    maximum: float | None = None

    def targets(self) -> Sequence[Target]:
        """Return the queries."""
        return self.queries

    def thresholds(self) -> Json:
        """Return Grafana's ``thresholds``."""
        return self.scale.json()

    def field_config(self, *, color_mode: ColorMode, custom: Json) -> Json:
        """Return Grafana's ``fieldConfig``. An axis limit of None follows the data."""
        settings: Json = {
            "unit": self.unit,
            "decimals": self.decimals,
            "min": self.minimum,
            "max": self.maximum,
            "noValue": self.no_value,
            "color": {"mode": color_mode},
            "thresholds": self.thresholds(),
            "mappings": list(self.mappings) or None,
            "links": [link.json() for link in self.links] or None,
            "custom": custom or None,
        }
        return {
            "defaults": {key: value for key, value in settings.items() if value is not None},
            "overrides": [override.json() for override in self.overrides],
        }


def reduce_to_last() -> Json:
    """Return options that reduce each series to its last number."""
    return {"calcs": ["lastNotNull"], "fields": "", "values": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat(ValuePanel):
    """Number colored by thresholds."""

    kind: ClassVar[str] = "stat"

    height: int = 3
    background: bool = False
    """Color the background instead of the number, for the most important number of a page."""

    def thresholds(self) -> Json:
        """Return Grafana's ``thresholds``, in which the text for a missing value is neutral."""
        return self.scale.json(absent=Color.ABSENT if self.background else Color.NEUTRAL)

    def body(self) -> Json:
        """Return options for a large number without a curve, which would cross the number."""
        return {
            "fieldConfig": self.field_config(color_mode=ColorMode.BY_THRESHOLD, custom={}),
            "options": {
                "reduceOptions": reduce_to_last(),
                "colorMode": "background" if self.background else "value",
                "graphMode": "none",
                "justifyMode": "auto",
                "orientation": "auto",
                "textMode": "auto",
                "wideLayout": True,
                "showPercentChange": False,
                "percentChangeColorMode": "standard",
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BarGauge(ValuePanel):
    """Horizontal bar per series, in the order of the result."""

    kind: ClassVar[str] = "bargauge"

    def body(self) -> Json:
        """Return options for horizontal bars with numbers."""
        return {
            "fieldConfig": self.field_config(color_mode=ColorMode.BY_THRESHOLD, custom={}),
            "options": {
                "reduceOptions": reduce_to_last(),
                "displayMode": "basic",
                "orientation": "horizontal",
                "showUnfilled": True,
                "valueMode": "color",
                "namePlacement": "left",
                "sizing": "auto",
                "minVizWidth": 8,
                "minVizHeight": 16,
                "maxVizHeight": 40,
                "legend": {
                    "showLegend": False,
                    "displayMode": "hidden",
                    "placement": "bottom",
                    "calcs": [],
                },
            },
        }
