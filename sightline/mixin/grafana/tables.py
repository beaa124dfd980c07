"""Table panels: services, routes, traces."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from sightline.mixin.grafana import transformations
from sightline.mixin.grafana.fields import PLAIN, Link, Override, Scale
from sightline.mixin.grafana.panels import Panel
from sightline.mixin.grafana.targets import JAEGER, InstantQuery, Target, TraceSearch, letter
from sightline.mixin.grafana.vocabulary import Json, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A number per row. Its query keeps the keys of the table and no other label."""

    title: str
    expr: str
    unit: Unit
    scale: Scale = PLAIN
    decimals: int | None = None
    bar: bool = False
    """The cell is a bar from 0 to 1, for ratios and budgets."""

    def override(self) -> Override:
        """Return the unit and colors of the column."""
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
    """A label that identifies rows; its cell may be a link."""

    label: str
    title: str
    link: Link | None = None
    width: int | None = None
    """Width in pixels; Grafana's choice if None."""
    expr: str | None = None
    """A query that adds the label to each row, if the columns' queries do not keep it."""

    def override(self) -> Override:
        """Return the width and link of the column."""
        links = [self.link.json()] if self.link else None
        wishes: Json = {"links": links, "custom.width": self.width, "custom.align": "left"}
        properties = {key: value for key, value in wishes.items() if value is not None}
        return Override(matcher="byName", pattern=self.title, properties=properties)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Panel):
    """A row per set of keys, a column per query."""

    kind: ClassVar[str] = "table"

    keys: tuple[Key, ...]
    columns: tuple[Column, ...]
    sort_by: str
    """Title of the column to sort by, largest first."""
    when_empty: str | None = None

    def targets(self) -> Sequence[Target]:
        """Return a query per column, then those of keys."""
        exprs = [column.expr for column in self.columns]
        names = [key.expr for key in self.keys if key.expr]
        return tuple(InstantQuery(expr=expr, table=True) for expr in (*exprs, *names))

    def body(self) -> Json:
        """Return the joined, ordered and named columns."""
        overrides = [key.override() for key in self.keys]
        overrides += [column.override() for column in self.columns]
        return {
            "fieldConfig": table_fields(overrides, self.when_empty),
            "options": table_options(self.sort_by),
            "transformations": [transformations.merge(), self._order()],
        }

    def _order(self) -> Json:
        asked = len(self.targets())
        fields = [f"Value #{letter(index)}" for index in range(asked)] if asked > 1 else ["Value"]
        keys = [(key.label, key.title) for key in self.keys]
        titles = [column.title for column in self.columns]
        values = list(zip(fields, titles, strict=False))
        return transformations.organize([*keys, *values], hidden=["Time", *fields[len(titles) :]])


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceTable(Panel):
    """Result of a trace search, newest first."""

    kind: ClassVar[str] = "table"
    datasource: ClassVar[Json] = JAEGER

    height: int = 9
    search: TraceSearch
    overrides: tuple[Override, ...] = field(default=())

    def targets(self) -> Sequence[Target]:
        """Return the search."""
        return (self.search,)

    def body(self) -> Json:
        """Return the columns of the data source, with its link to the trace unless overridden."""
        return {
            "fieldConfig": table_fields(self.overrides, "no such trace"),
            "options": table_options("Start time"),
        }


def table_fields(overrides: Sequence[Override], when_empty: str | None) -> Json:
    """Return Grafana's ``fieldConfig`` of a table, with an override per column."""
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
    """Return Grafana's ``options`` of a table, largest first."""
    return {
        "showHeader": True,
        "cellHeight": "sm",
        "sortBy": [{"displayName": sort_by, "desc": True}],
    }
