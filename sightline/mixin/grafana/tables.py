"""Panels that list things: services, routes, traces."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from sightline.mixin.grafana import transformations
from sightline.mixin.grafana.fields import PLAIN, Link, Override, Scale
from sightline.mixin.grafana.panels import Panel
from sightline.mixin.grafana.targets import JAEGER, Now, Target, TraceSearch, letter
from sightline.mixin.grafana.words import Json, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A number for each row, from a query that keeps the table's keys and nothing else."""

    title: str
    expr: str
    unit: Unit
    scale: Scale = PLAIN
    decimals: int | None = None
    bar: bool = False
    """Whether the cell is a bar from 0 to 1, for shares and budgets."""

    def look(self) -> Override:
        """Unit and colours of this column."""
        cell: Json = {"type": "color-text"} if self.scale.steps else {"type": "auto"}
        bar: Json = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
        wishes: Json = {
            "unit": self.unit,
            "decimals": self.decimals,
            "thresholds": self.scale.json(),
            "min": 0 if self.bar else None,
            "max": 1 if self.bar else None,
            "custom.cellOptions": bar if self.bar else cell,
        }
        properties = {key: value for key, value in wishes.items() if value is not None}
        return Override(matcher="byName", pattern=self.title, properties=properties)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A label that tells rows apart; its cell may lead on."""

    label: str
    title: str
    link: Link | None = None
    width: int | None = None
    """In pixels; left to Grafana where missing."""
    expr: str | None = None
    """A query that names it for each row, where the columns do not carry the label."""

    def look(self) -> Override:
        """Width and link of this column."""
        links = [self.link.json()] if self.link else None
        wishes: Json = {"links": links, "custom.width": self.width, "custom.align": "left"}
        properties = {key: value for key, value in wishes.items() if value is not None}
        return Override(matcher="byName", pattern=self.title, properties=properties)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Panel):
    """A row for each set of keys, a column for each query."""

    kind: ClassVar[str] = "table"

    keys: tuple[Key, ...]
    columns: tuple[Column, ...]
    sort_by: str
    """Title of the column, largest first."""
    when_empty: str | None = None

    def targets(self) -> Sequence[Target]:
        """One query a column, then those that only name something."""
        exprs = [column.expr for column in self.columns]
        names = [key.expr for key in self.keys if key.expr]
        return tuple(Now(expr=expr, table=True) for expr in (*exprs, *names))

    def body(self) -> Json:
        """Answers joined, ordered, named."""
        looks = [key.look() for key in self.keys] + [column.look() for column in self.columns]
        return {
            "fieldConfig": table_fields(looks, self.when_empty),
            "options": table_options(self.sort_by),
            "transformations": [transformations.merged(), self._order()],
        }

    def _order(self) -> Json:
        asked = len(self.targets())
        fields = [f"Value #{letter(index)}" for index in range(asked)] if asked > 1 else ["Value"]
        keys = [(key.label, key.title) for key in self.keys]
        titles = [column.title for column in self.columns]
        values = list(zip(fields, titles, strict=False))
        return transformations.columns([*keys, *values], hidden=["Time", *fields[len(titles) :]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces(Panel):
    """Traces that a search finds, newest first."""

    kind: ClassVar[str] = "table"

    height: int = 9
    search: TraceSearch
    overrides: tuple[Override, ...] = field(default=())

    def targets(self) -> Sequence[Target]:
        """The search alone."""
        return (self.search,)

    def datasource(self) -> Json:
        """Traces come from Jaeger."""
        return JAEGER

    def body(self) -> Json:
        """The data source's own columns, with its own link to the trace unless overridden."""
        return {
            "fieldConfig": table_fields(self.overrides, "no such trace"),
            "options": table_options("Start time"),
        }


def table_fields(overrides: Sequence[Override], when_empty: str | None) -> Json:
    """Grafana's ``fieldConfig`` of a table; units stand in the overrides, one a column."""
    empty: Json = {} if when_empty is None else {"noValue": when_empty}
    return {
        "defaults": {
            **empty,
            "unit": Unit.WORDS,
            "color": {"mode": "thresholds"},
            "thresholds": PLAIN.json(),
            "custom": {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False},
        },
        "overrides": [override.json() for override in overrides],
    }


def table_options(sort_by: str) -> Json:
    """Grafana's ``options`` of a table, largest first."""
    return {
        "showHeader": True,
        "cellHeight": "sm",
        "sortBy": [{"displayName": sort_by, "desc": True}],
    }
