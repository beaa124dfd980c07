"""A dashboard file as typed values. Source: Grafana's classic dashboard JSON schema.

Reading accepts every JSON object: a missing or misplaced value is read as an empty one, so that
`lint` can report it. `Dashboard.read` rejects files that cannot be displayed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, Final, Self

from sightline.grafana import strict_json
from sightline.grafana.annotations import Annotation, read_annotations
from sightline.grafana.fieldconfig import FieldConfig, Link, link
from sightline.grafana.references import references
from sightline.grafana.values import integer, items, number, obj, text, texts

PROMETHEUS: Final = "prometheus"
JAEGER: Final = "jaeger"
LOKI: Final = "loki"

LIBRARY_PANEL: Final = "library-panel-ref"
"""Type of a panel whose content is in Grafana's library, not in the file."""

GRID_COLUMNS: Final = 24
"""Width of the grid."""

REFRESH_ON_LOAD: Final = 1
REFRESH_ON_TIME_RANGE: Final = 2
"""``refresh`` of a variable. Source: ``VariableRefresh`` of @grafana/schema."""

HIDE_VARIABLE: Final = 2
"""``hide`` of a hidden variable; 1 hides the label only. Source: ``VariableHide``."""


class DashboardError(ValueError):
    """A file is not a dashboard; the message names the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """Data source of a panel, query or variable."""

    type: str
    """``prometheus``, ``jaeger``, ``loki``; empty when the file does not tell."""
    uid: str
    """Uid, name or reference to a variable."""

    @property
    def is_prometheus(self) -> bool:
        """The source is Prometheus, or the default one of a file that names none."""
        return PROMETHEUS in self.type or not (self.type or self.uid)

    @property
    def variable(self) -> str:
        """Name of the variable that the uid refers to; empty for a fixed data source."""
        found = list(references(self.uid))
        whole = len(found) == 1 and not found[0].before and not found[0].after
        return found[0].name if whole else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One query of a panel."""

    ref_id: str
    source: DataSource
    hidden: bool
    raw: Mapping[str, Any]
    """The query as written in the file: ``expr``, ``legendFormat``, ``queryType``."""

    @property
    def expr(self) -> str:
        """The PromQL or LogQL expression; empty for other query languages."""
        return text(self.raw.get("expr"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Position and size in the 24 columns."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Properties set for the fields that a matcher selects."""

    matcher: str
    """Id of the matcher: ``byName``, ``byRegexp``."""
    options: Any
    """Argument of the matcher."""
    properties: Mapping[str, Any]
    """Value by dotted path into the field configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformation:
    """One transformation step of a panel."""

    id: str
    options: Mapping[str, Any]
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel or a row."""

    id: int
    """0 when the file gives none."""
    type: str
    title: str
    description: str
    grid: Grid
    placed: bool
    """The file gives a position."""
    source: DataSource
    targets: tuple[Target, ...]
    transformations: tuple[Transformation, ...]
    defaults: Mapping[str, Any]
    """``fieldConfig.defaults`` as written in the file."""
    overrides: tuple[Override, ...]
    options: Mapping[str, Any]
    links: tuple[Link, ...]
    interval: str
    time_from: str
    """Length of the panel's own time range, like ``6h``; empty for that of the dashboard."""
    time_shift: str
    """Distance of the panel's time range into the past."""
    repeat: str
    """Variable for each value of which Grafana repeats the panel or row."""
    max_points: int | None
    collapsed: bool
    panels: tuple["Panel", ...]
    """Panels of a collapsed row."""

    @property
    def queries(self) -> list[str]:
        """PromQL expressions as written in the file."""
        return [one.expr for one in self.targets if one.expr]

    @property
    def config(self) -> FieldConfig:
        """Configuration of a field that no override matches."""
        return FieldConfig.from_json(self.defaults)

    def option(self, *path: str, default: Any = None) -> Any:
        """Return the option at *path*, or *default*."""
        value: Any = self.options
        for key in path:
            value = obj(value).get(key)
        return default if value is None else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A dashboard variable."""

    name: str
    kind: str
    """``query``, ``custom``, ``datasource``, ``textbox``, ``interval`` or ``constant``."""
    label: str
    description: str
    query: str
    source: DataSource
    regex: str
    sort: int
    refresh: int
    hidden: bool
    multi: bool
    include_all: bool
    all_value: str
    default: tuple[str, ...]
    """Values of ``current``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """Dashboard JSON as typed fields, with Grafana's defaults."""

    uid: str
    title: str
    description: str
    tags: tuple[str, ...]
    variables: tuple[Variable, ...]
    panels: tuple[Panel, ...]
    """Panels and rows of the top level."""
    links: tuple[Mapping[str, Any], ...]
    annotations: tuple[Annotation, ...]
    time_from: str
    time_to: str
    refresh: str
    raw: Mapping[str, Any]
    """The file."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a dashboard file that can be displayed.

        A missing uid is the name of the file; panels without an id of their own get one.

        Raises:
            DashboardError: The file is not JSON or not a dashboard of the classic schema.
        """
        try:
            content = path.read_text(encoding="utf-8-sig")
            dashboard = cls.from_json(strict_json.parse(content))
            _require(dashboard)
        except (OSError, ValueError, RecursionError) as error:
            raise DashboardError(
                f"{path.name}: {error}; expected a dashboard of Grafana's classic schema, "
                "as `make generate` writes it"
            ) from error
        return replace(
            dashboard,
            uid=dashboard.uid or path.stem,
            panels=_with_unique_ids(dashboard.panels),
        )

    @classmethod
    def from_json(cls, raw: object) -> Self:
        """Read the parsed file."""
        raw = obj(raw)
        variables = items(obj(raw.get("templating")).get("list"))
        sources = {
            text(one.get("name")): text(one.get("query"))
            for one in variables
            if one.get("type") == "datasource"
        }
        time = obj(raw.get("time"))
        return cls(
            uid=text(raw.get("uid")),
            title=text(raw.get("title")),
            description=text(raw.get("description")),
            tags=texts(raw.get("tags")),
            variables=tuple(_variable(one, sources) for one in variables),
            panels=tuple(_panel(one, sources) for one in _panels(raw)),
            links=tuple(items(raw.get("links"))),
            annotations=tuple(read_annotations(raw)),
            time_from=text(time.get("from")) or "now-15m",
            time_to=text(time.get("to")) or "now",
            refresh=text(raw.get("refresh")),
            raw=raw,
        )

    def every_panel(self) -> Iterator[Panel]:
        """Yield all panels, including those in collapsed rows, without the rows."""
        return (panel for panel in self.rows_and_panels() if panel.type != "row")

    def rows_and_panels(self) -> Iterator[Panel]:
        """Yield all rows and panels."""
        for panel in self.panels:
            yield panel
            yield from panel.panels

    def panel(self, number: int) -> Panel | None:
        """Return the panel with this id."""
        return next((panel for panel in self.every_panel() if panel.id == number), None)

    def source_variables(self) -> list[Variable]:
        """Return the variables that select a data source."""
        return [variable for variable in self.variables if variable.kind == "datasource"]


def _require(dashboard: Dashboard) -> None:
    given = {"title": dashboard.title, "panels": "panels" in dashboard.raw}
    missing = [name for name, value in given.items() if not value]
    if missing:
        raise ValueError(f"no {' and no '.join(missing)}")


def _with_unique_ids(panels: Sequence[Panel]) -> tuple[Panel, ...]:
    """Give the next numbers to panels without an id or with that of another, as Grafana does."""
    every = [one.id for panel in panels for one in (panel, *panel.panels)]
    following, seen = count(1 + max(every, default=0)), {0}

    def identified(panel: Panel) -> Panel:
        number = next(following) if panel.id in seen else panel.id
        seen.add(number)
        return replace(panel, id=number, panels=tuple(map(identified, panel.panels)))

    return tuple(map(identified, panels))


def _panels(raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the panels of the file, and those in rows of schema versions before 16."""
    library = obj(raw.get("__elements"))
    for panel in items(raw.get("panels")):
        element = obj(library.get(text(obj(panel.get("libraryPanel")).get("uid"))))
        yield {**obj(element.get("model")), **panel}
    for row in items(raw.get("rows")):
        yield from items(row.get("panels"))


def _panel(raw: Mapping[str, Any], sources: Mapping[str, str]) -> Panel:
    grid, fields = raw.get("gridPos"), obj(raw.get("fieldConfig"))
    elsewhere = LIBRARY_PANEL if raw.get("libraryPanel") else ""
    return Panel(
        id=integer(raw.get("id")) or 0,
        type=text(raw.get("type")) or elsewhere,
        title=text(raw.get("title")),
        description=text(raw.get("description")),
        grid=_grid(obj(grid)),
        placed={"x", "y"} <= obj(grid).keys(),
        source=_source(raw.get("datasource"), sources),
        targets=tuple(_target(one, raw, sources) for one in items(raw.get("targets"))),
        transformations=tuple(map(_transformation, items(raw.get("transformations")))),
        defaults=obj(fields.get("defaults")),
        overrides=tuple(map(_override, items(fields.get("overrides")))),
        options=obj(raw.get("options")),
        links=tuple(link(one) for one in items(raw.get("links"))),
        interval=text(raw.get("interval")),
        time_from=text(raw.get("timeFrom")),
        time_shift=text(raw.get("timeShift")),
        repeat=text(raw.get("repeat")),
        max_points=integer(raw.get("maxDataPoints")),
        collapsed=bool(raw.get("collapsed")),
        panels=tuple(_panel(one, sources) for one in items(raw.get("panels"))),
    )


_DEFAULT_GRID: Final = {"x": 0, "y": 0, "w": 12, "h": 8}
_LARGEST_GRID: Final = 100_000


def _grid(raw: Mapping[str, Any]) -> Grid:
    sizes = {key: number(raw.get(key), size) for key, size in _DEFAULT_GRID.items()}
    return Grid(**{key: int(min(max(size, 0), _LARGEST_GRID)) for key, size in sizes.items()})


def _transformation(raw: Mapping[str, Any]) -> Transformation:
    return Transformation(
        id=text(raw.get("id")),
        options=obj(raw.get("options")),
        disabled=bool(raw.get("disabled")),
    )


def _override(raw: Mapping[str, Any]) -> Override:
    matcher = obj(raw.get("matcher"))
    properties = items(raw.get("properties"))
    return Override(
        matcher=text(matcher.get("id")),
        options=matcher.get("options"),
        properties={text(one.get("id")): one.get("value") for one in properties},
    )


def _target(raw: Mapping[str, Any], panel: Mapping[str, Any], sources: Mapping[str, str]) -> Target:
    return Target(
        ref_id=text(raw.get("refId")) or "A",
        source=_source(raw.get("datasource") or panel.get("datasource"), sources),
        hidden=bool(raw.get("hide")),
        raw=raw,
    )


def _source(raw: object, sources: Mapping[str, str]) -> DataSource:
    """Read a data source, given as an object or by name; *sources* are types by variable."""
    named = not isinstance(raw, Mapping)
    found = DataSource(
        type=text(obj(raw).get("type")), uid=text(raw if named else obj(raw).get("uid"))
    )
    kind = found.type or sources.get(found.variable, "")
    if not kind and named:
        kind = next((one for one in (LOKI, PROMETHEUS, JAEGER) if one in found.uid.lower()), "")
    return DataSource(type=kind, uid=found.uid)


def _variable(raw: Mapping[str, Any], sources: Mapping[str, str]) -> Variable:
    query = raw.get("query")
    return Variable(
        name=text(raw.get("name")),
        kind=text(raw.get("type")),
        label=text(raw.get("label")),
        description=text(raw.get("description")),
        query=text(query.get("query") if isinstance(query, Mapping) else query),
        source=_source(raw.get("datasource"), sources),
        regex=text(raw.get("regex")),
        sort=integer(raw.get("sort")) or 0,
        refresh=integer(raw.get("refresh")) or 0,
        hidden=raw.get("hide") == HIDE_VARIABLE,
        multi=bool(raw.get("multi")),
        include_all=bool(raw.get("includeAll")),
        all_value=text(raw.get("allValue")),
        default=_values(obj(raw.get("current")).get("value")),
    )


def _values(raw: object) -> tuple[str, ...]:
    if isinstance(raw, Sequence) and not isinstance(raw, str):
        return tuple(str(one) for one in raw)
    return () if raw is None else (str(raw),)
