"""The kinds of panel. None can be written without a title, a description and a unit."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sightline.mixin.grafana.fields import PLAIN, Link, Override, Scale
from sightline.mixin.grafana.targets import PROMETHEUS, Buckets, Now, Query, Target
from sightline.mixin.grafana.words import Json, Palette, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel(ABC):
    """A question, its answer's shape, and what a bad answer looks like."""

    kind: ClassVar[str]
    """Grafana's id of the panel plugin."""
    title: str
    description: str
    """What a bad picture looks like, and what to do then."""
    span: int = 1
    """Width as a share of its line: a span of 2 is twice as wide as one of 1."""
    height: int = 9
    """In grid rows of about 30 pixels; a line is as high as the highest of its panels."""
    links: tuple[Link, ...] = ()

    @abstractmethod
    def targets(self) -> Sequence[Target]:
        """What it asks; the first is called A."""

    @abstractmethod
    def body(self) -> Json:
        """What is particular to the kind: ``fieldConfig``, ``options``, ``transformations``."""

    def datasource(self) -> Json:
        """The data source that most of its targets ask."""
        return PROMETHEUS


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(Panel, ABC):
    """A panel of which all values share a unit."""

    unit: Unit
    queries: tuple[Query, ...] | tuple[Now, ...] | tuple[Buckets, ...]
    scale: Scale = PLAIN
    decimals: int | None = None
    overrides: tuple[Override, ...] = ()
    mappings: tuple[Json, ...] = ()
    when_empty: str | None = None
    """Shown in place of "No data", where none is a fair answer."""
    minimum: float | None = 0
    maximum: float | None = None

    def targets(self) -> Sequence[Target]:
        """The queries as they are."""
        return self.queries

    def field_config(self, *, palette: Palette, custom: Json) -> Json:
        """Grafana's ``fieldConfig``; without a wish of its own a limit is left to the data."""
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
    """Reduce each series to the newest number it has."""
    return {"calcs": ["lastNotNull"], "fields": "", "values": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat(Measured):
    """One number, coloured by its thresholds."""

    kind: ClassVar[str] = "stat"

    height: int = 4

    def body(self) -> Json:
        """A large number, with its course behind it where the query gives one."""
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
        """A dial with its thresholds as a ring."""
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
class Bars(Measured):
    """One bar a series, longest first as the queries stand."""

    kind: ClassVar[str] = "bargauge"

    def body(self) -> Json:
        """Horizontal bars with their numbers."""
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
