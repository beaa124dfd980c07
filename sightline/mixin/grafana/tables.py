"""Table panels: tables of metrics, and results of trace searches."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from sightline.mixin.grafana import transformations
from sightline.mixin.grafana.fields import NEUTRAL_SCALE, Link, Override, Scale
from sightline.mixin.grafana.panels import Panel
from sightline.mixin.grafana.schema import Color, Json, Unit
from sightline.mixin.grafana.targets import JAEGER, InstantQuery, Target, TraceSearch, ref_id

MIN_COLUMN_WIDTH: Final = 62
"""Minimum width of a column in pixels. Grafana's is 150, which hides columns behind a scrollbar."""


EMPTY_CELLS: Final = Override(matcher="byRegexp", pattern="/.*/", properties={"noValue": "-"})
"""Text of empty cells; Grafana would write that of an empty table into them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Column of numbers. The query keeps the labels of the table's keys and no other label."""

    title: str
    expr: str
    unit: Unit
    scale: Scale = NEUTRAL_SCALE
    decimals: int | None = None
    bar: bool = False
    """Show the value as a bar from 0 to 1."""
    fills_row: bool = False
    """Color the background of the whole row instead of the number."""
    mappings: tuple[Json, ...] = ()
    width: int | None = None
    """Width in pixels. None is an equal share of what the columns with a width leave."""

    def override(self) -> Override:
        """Return the override with unit, colors and width of the column."""
        settings: Json = {
            "unit": self.unit,
            "decimals": self.decimals,
            "thresholds": self.scale.json(absent=Color.NONE if self.fills_row else Color.NEUTRAL),
            "mappings": list(self.mappings) or None,
            "min": 0 if self.bar else None,
            "max": 1 if self.bar else None,
            "custom.cellOptions": self._cell(),
            "custom.width": self.width,
        }
        properties = {key: value for key, value in settings.items() if value is not None}
        return Override(matcher="byName", pattern=self.title, properties=properties)

    def _cell(self) -> Json:
        if self.bar:
            return {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
        if self.fills_row:
            return {"type": "color-background", "mode": "basic", "applyToRow": True}
        return {"type": "color-text"} if self.scale.steps else {"type": "auto"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Label that identifies a row. The cell may be a link."""

    label: str
    title: str
    link: Link | None = None
    width: int | None = None
    """Width in pixels. None is an equal share of what the columns with a width leave.

    A minimum above that share would move the last column out of sight.
    """
    expr: str | None = None
    """Query that adds the label to each row, needed if no column's query keeps the label."""

    def override(self) -> Override:
        """Return the override with width and link of the column."""
        links = [self.link.json()] if self.link else None
        settings: Json = {
            "links": links,
            "custom.width": self.width,
            "custom.align": "left",
        }
        properties = {key: value for key, value in settings.items() if value is not None}
        return Override(matcher="byName", pattern=self.title, properties=properties)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Panel):
    """Table with a row per set of key labels and a column per query."""

    kind: ClassVar[str] = "table"

    keys: tuple[Key, ...]
    columns: tuple[Column, ...]
    sort_by: str
    """Title of the column to sort by."""
    ascending: bool = False
    """Sort the smallest value first."""
    no_value: str | None = None
    """Text shown instead of a table without rows."""

    def targets(self) -> Sequence[Target]:
        """Return the queries of the columns, then those of the keys."""
        exprs = [column.expr for column in self.columns]
        names = [key.expr for key in self.keys if key.expr]
        return tuple(InstantQuery(expr=expr, table=True) for expr in (*exprs, *names))

    def body(self) -> Json:
        """Return options and transformations that join, order and title the columns."""
        overrides = [key.override() for key in self.keys]
        overrides += [column.override() for column in self.columns]
        if self._is_joined() and self.no_value:
            overrides.append(EMPTY_CELLS)
        return {
            "fieldConfig": table_fields(overrides, self.no_value),
            "options": table_options(self.sort_by, descending=not self.ascending),
            "transformations": [transformations.merge(), *self._drop_empty(), self._order()],
        }

    def _is_joined(self) -> bool:
        """Return true if a row has cells of several queries, some of which may be empty."""
        return len(self.targets()) > 1

    def _drop_empty(self) -> list[Json]:
        """Return the step that drops a table without rows, which a single query does not make."""
        return [transformations.drop_empty("Time")] if self._is_joined() else []

    def _order(self) -> Json:
        count = len(self.targets())
        fields = [f"Value #{ref_id(index)}" for index in range(count)] if count > 1 else ["Value"]
        keys = [(key.label, key.title) for key in self.keys]
        titles = [column.title for column in self.columns]
        values = list(zip(fields, titles, strict=False))
        return transformations.organize([*keys, *values], hidden=["Time", *fields[len(titles) :]])


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceTable(Panel):
    """Table of the traces that a search returns, newest first."""

    kind: ClassVar[str] = "table"
    datasource: ClassVar[Json] = JAEGER

    height: int = 9
    search: TraceSearch
    overrides: tuple[Override, ...] = field(default=())

    def targets(self) -> Sequence[Target]:
        """Return the search."""
        return (self.search,)

    def body(self) -> Json:
        """Return options for the columns of the data source."""
        return {
            "fieldConfig": table_fields(self.overrides, "no matching traces"),
            "options": table_options("Start time"),
            "transformations": [
                transformations.add_zeros("zero"),
                transformations.drop_empty("zero"),
            ],
        }


def table_fields(overrides: Sequence[Override], no_value: str | None) -> Json:
    """Return Grafana's ``fieldConfig`` of a table, with an override per column."""
    empty: Json = {} if no_value is None else {"noValue": no_value}
    return {
        "defaults": {
            **empty,
            "unit": Unit.NONE,
            "color": {"mode": "thresholds"},
            "thresholds": NEUTRAL_SCALE.json(),
            "custom": {
                "align": "auto",
                "cellOptions": {"type": "auto"},
                "inspect": False,
                "minWidth": MIN_COLUMN_WIDTH,
                "wrapHeaderText": True,
            },
        },
        "overrides": [override.json() for override in overrides],
    }


def table_options(sort_by: str, *, descending: bool = True) -> Json:
    """Return Grafana's ``options`` of a table."""
    return {
        "showHeader": True,
        "cellHeight": "sm",
        "sortBy": [{"displayName": sort_by, "desc": descending}],
    }
