"""Base classes and single-number panels. Title, description and unit are required."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sightline.mixin.grafana.fields import PLAIN, Link, Override, Scale
from sightline.mixin.grafana.targets import PROMETHEUS, Buckets, InstantQuery, Query, Target
from sightline.mixin.grafana.vocabulary import Json, Palette, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel(ABC):
    """A question, the form of its answer, and a description of a bad answer."""

    kind: ClassVar[str]
    """Id of Grafana's panel plugin."""
    datasource: ClassVar[Json] = PROMETHEUS
    """Data source of most targets."""
    title: str
    description: str
    """Description of a bad picture, and the action to take."""
    span: int = 1
    """Width relative to the other panels of the line."""
    height: int = 9
    """Height in grid rows of about 30 pixels; a line is as high as its highest panel."""
    links: tuple[Link, ...] = ()

    @abstractmethod
    def targets(self) -> Sequence[Target]:
        """Return the queries; the first is called A."""

    @abstractmethod
    def body(self) -> Json:
        """Return the keys of the panel type: ``fieldConfig``, ``options``, ``transformations``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(Panel, ABC):
    """A panel whose values have one unit."""

    unit: Unit
    queries: tuple[Query, ...] | tuple[InstantQuery, ...] | tuple[Buckets, ...]
    scale: Scale = PLAIN
    decimals: int | None = None
    overrides: tuple[Override, ...] = ()
    mappings: tuple[Json, ...] = ()
    when_empty: str | None = None
    """Text in place of "No data", where an empty answer is valid."""
    minimum: float | None = 0
    maximum: float | None = None

    def targets(self) -> Sequence[Target]:
        """Return the queries."""
        return self.queries

    def field_config(self, *, palette: Palette, custom: Json) -> Json:
        """Return Grafana's ``fieldConfig``; a missing limit follows the data."""
        wishes: Json = {
            "unit": self.unit,
            "decimals": self.decimals,
            "min": self.minimum,
            "max": self.maximum,
            "noValue": self.when_empty,
            "color": {"mode": palette},
            "thresholds": self.scale.json(),
            "mappings": list(self.mappings) or None,
            "links": [link.json() for link in self.links] or None,
            "custom": custom or None,
        }
        return {
            "defaults": {key: value for key, value in wishes.items() if value is not None},
            "overrides": [override.json() for override in self.overrides],
        }


def last_value() -> Json:
    """Reduce each series to its last number."""
    return {"calcs": ["lastNotNull"], "fields": "", "values": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat(Measured):
    """A number colored by its thresholds."""

    kind: ClassVar[str] = "stat"

    height: int = 4

    def body(self) -> Json:
        """Return a large number, with a sparkline for a range query."""
        trend = any(isinstance(query, Query) for query in self.queries)
        return {
            "fieldConfig": self.field_config(palette=Palette.BY_THRESHOLD, custom={}),
            "options": {
                "reduceOptions": last_value(),
                "colorMode": "value",
                "graphMode": "area" if trend else "none",
                "justifyMode": "auto",
                "orientation": "auto",
                "textMode": "auto",
                "wideLayout": True,
                "showPercentChange": False,
                "percentChangeColorMode": "standard",
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge(Measured):
    """A number between a minimum and a maximum."""

    kind: ClassVar[str] = "gauge"

    height: int = 4

    def body(self) -> Json:
        """Return a dial with its thresholds as a ring."""
        return {
            "fieldConfig": self.field_config(palette=Palette.BY_THRESHOLD, custom={}),
            "options": {
                "reduceOptions": last_value(),
                "orientation": "auto",
                "showThresholdLabels": False,
                "showThresholdMarkers": True,
                "sizing": "auto",
                "minVizWidth": 75,
                "minVizHeight": 75,
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BarGauge(Measured):
    """A bar per series, in the order of the query's answer."""

    kind: ClassVar[str] = "bargauge"

    def body(self) -> Json:
        """Return horizontal bars with their numbers."""
        return {
            "fieldConfig": self.field_config(palette=Palette.BY_THRESHOLD, custom={}),
            "options": {
                "reduceOptions": last_value(),
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
