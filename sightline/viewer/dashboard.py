"""A dashboard file (Grafana's classic schema), read once into typed values."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sightline.errors import SightlineError
from sightline.viewer.fieldconfig import FieldConfig, Link, link


class DashboardError(SightlineError):
    """A dashboard file that cannot be read; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One query of a panel."""

    ref_id: str
    source: str
    """Type of the data source, ``prometheus`` or ``jaeger``, or of its variable's."""
    hidden: bool
    raw: Mapping[str, Any]
    """The query as the file has it: ``expr``, ``legendFormat``, ``queryType`` …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Place in the 24 columns."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel, or a row that heads some."""

    id: int
    type: str
    title: str
    description: str
    grid: Grid
    targets: tuple[Target, ...]
    transformations: tuple[Mapping[str, Any], ...]
    defaults: Mapping[str, Any]
    """``fieldConfig.defaults`` as the file has it."""
    overrides: tuple[Mapping[str, Any], ...]
    options: Mapping[str, Any]
    links: tuple[Link, ...]
    interval: str
    max_points: int | None
    collapsed: bool
    panels: tuple["Panel", ...]
    """What a collapsed row holds."""

    @property
    def queries(self) -> list[str]:
        """What it asks Prometheus, as written."""
        return [str(one.raw["expr"]) for one in self.targets if one.raw.get("expr")]

    @property
    def config(self) -> FieldConfig:
        """The configuration of a field that no override touches."""
        return FieldConfig.from_json(self.defaults)

    def option(self, *path: str, default: Any = None) -> Any:  # noqa: ANN401  as the file has it
        """The option at *path*, or *default*."""
        value: Any = self.options
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return default if value is None else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A choice that the reader has."""

    name: str
    kind: str
    """``query``, ``custom``, ``datasource``, ``textbox``, ``interval`` or ``constant``."""
    label: str
    description: str
    query: str
    source: str
    regex: str
    sort: int
    hidden: bool
    multi: bool
    include_all: bool
    all_value: str
    default: tuple[str, ...]
    """Values of ``current``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """Events drawn over every time series."""

    name: str
    color: str
    expr: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One file."""

    uid: str
    title: str
    description: str
    tags: tuple[str, ...]
    variables: tuple[Variable, ...]
    panels: tuple[Panel, ...]
    links: tuple[Mapping[str, Any], ...]
    annotations: tuple[Annotation, ...]
    time_from: str
    time_to: str
    refresh: str
    shared_crosshair: bool

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file.

        Raises:
            DashboardError: It is no JSON, or no dashboard of the classic schema.
        """
        try:
            return cls.from_json(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DashboardError(
                f"{path.name}: {type(error).__name__}: {error}; expected a dashboard of Grafana's "
                "classic schema, as `make generate` writes it"
            ) from error

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read the parsed file."""
        variables = tuple(_variable(one) for one in raw.get("templating", {}).get("list", ()))
        sources = {one.name: one.query for one in variables if one.kind == "datasource"}
        time = raw.get("time") or {}
        return cls(
            uid=raw["uid"],
            title=raw["title"],
            description=raw.get("description") or "",
            tags=tuple(raw.get("tags") or ()),
            variables=variables,
            panels=tuple(_panel(one, sources) for one in raw["panels"]),
            links=tuple(raw.get("links") or ()),
            annotations=tuple(_annotations(raw)),
            time_from=time.get("from", "now-15m"),
            time_to=time.get("to", "now"),
            refresh=raw.get("refresh") or "",
            shared_crosshair=bool(raw.get("graphTooltip")),
        )

    def every_panel(self) -> Iterator[Panel]:
        """All panels, those inside collapsed rows too; rows themselves left out."""
        for panel in self.panels:
            if panel.type == "row":
                yield from panel.panels
            else:
                yield panel

    def panel(self, number: int) -> Panel | None:
        """The panel with this id."""
        return next((panel for panel in self.every_panel() if panel.id == number), None)


def _panel(raw: Mapping[str, Any], sources: Mapping[str, str]) -> Panel:
    grid, fields = raw.get("gridPos") or {}, raw.get("fieldConfig") or {}
    return Panel(
        id=raw.get("id", 0),
        type=raw["type"],
        title=raw.get("title") or "",
        description=raw.get("description") or "",
        grid=Grid(**{key: int(grid.get(key, size)) for key, size in _SMALLEST.items()}),
        targets=tuple(_target(one, raw, sources) for one in raw.get("targets") or ()),
        transformations=tuple(raw.get("transformations") or ()),
        defaults=fields.get("defaults") or {},
        overrides=tuple(fields.get("overrides") or ()),
        options=raw.get("options") or {},
        links=tuple(link(one) for one in raw.get("links") or ()),
        interval=raw.get("interval") or "",
        max_points=raw.get("maxDataPoints"),
        collapsed=bool(raw.get("collapsed")),
        panels=tuple(_panel(one, sources) for one in raw.get("panels") or ()),
    )


_SMALLEST = {"x": 0, "y": 0, "w": 12, "h": 8}


def _target(raw: Mapping[str, Any], panel: Mapping[str, Any], sources: Mapping[str, str]) -> Target:
    return Target(
        ref_id=raw.get("refId", "A"),
        source=_source(raw.get("datasource") or panel.get("datasource"), sources),
        hidden=bool(raw.get("hide")),
        raw=raw,
    )


def _source(raw: object, sources: Mapping[str, str]) -> str:
    """Type of the data source that *raw* names by type, or by a variable."""
    if not isinstance(raw, Mapping):
        return "prometheus"
    variable = str(raw.get("uid") or "").strip("${}")
    return str(raw.get("type") or sources.get(variable) or "prometheus")


def _variable(raw: Mapping[str, Any]) -> Variable:
    query = raw.get("query")
    return Variable(
        name=raw["name"],
        kind=raw["type"],
        label=raw.get("label") or raw["name"],
        description=raw.get("description") or "",
        query=str(query.get("query") or "") if isinstance(query, Mapping) else str(query or ""),
        source=_source(raw.get("datasource"), {}),
        regex=raw.get("regex") or "",
        sort=int(raw.get("sort") or 0),
        hidden=raw.get("hide") == _HIDDEN,
        multi=bool(raw.get("multi")),
        include_all=bool(raw.get("includeAll")),
        all_value=raw.get("allValue") or "",
        default=_values((raw.get("current") or {}).get("value")),
    )


_HIDDEN = 2
"""``hide`` of a variable that is not shown at all; 1 hides its label."""


def _values(raw: object) -> tuple[str, ...]:
    if isinstance(raw, Sequence) and not isinstance(raw, str):
        return tuple(str(one) for one in raw)
    return () if raw is None else (str(raw),)


def _annotations(raw: Mapping[str, Any]) -> Iterator[Annotation]:
    for one in (raw.get("annotations") or {}).get("list") or ():
        if one.get("expr") and one.get("enable", True):
            yield Annotation(
                name=one.get("name") or "",
                color=one.get("iconColor") or "blue",
                expr=one["expr"],
                title=one.get("titleFormat") or one.get("name") or "",
                text=one.get("textFormat") or "",
            )
