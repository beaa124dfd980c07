"""Dashboards: the page, each panel, and the options of variables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sightline.grafana.dashboard import GRID_COLUMNS, Dashboard, Panel, Variable
from sightline.grafana.interpolation import ALL, Scope
from sightline.grafana.timerange import BadTime
from sightline.viewer.pages import markup
from sightline.viewer.pages.common import (
    folder_of,
    problem_page,
    ranges_with,
    render,
    scope,
    sources_of,
    zone_of,
)
from sightline.viewer.panels.kinds import draw
from sightline.viewer.panels.support import obstacle, omissions
from sightline.viewer.panels.view import View, message
from sightline.viewer.sources.upstream import SourceError
from sightline.viewer.sources.variables import Choices, options, scope_of
from sightline.viewer.values.links import dashboard_links, resolve

REFRESHES: Final = ("", "2s", "5s", "10s", "30s", "1m", "5m")
_POINTS: Final = (50, 1500)
"""Minimum and maximum number of points of a line."""


_VIEWED_HEIGHT: Final = 20
"""Height in lines of the grid of a panel that is viewed alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A row and its panels."""

    title: str
    open: bool
    top: int
    """First line of the grid that the panels use."""
    panels: Sequence[Panel]


async def home(request: Request) -> Response:
    """Show the home dashboard."""
    folder = folder_of(request)
    found = folder.home()
    if found is None:
        return problem_page(
            request,
            200,
            f"There is no dashboard in {folder.path}.",
            detail="Run `make generate` to write them.",
        )
    return _page(request, found)


async def dashboard(request: Request) -> Response:
    """Show a dashboard by uid."""
    found = _find(request)
    if found is None:
        uid = request.path_params["uid"]
        return problem_page(request, 404, f"There is no dashboard “{uid}”. Available dashboards:")
    return _page(request, found)


async def panel(request: Request) -> Response:
    """Return the content of a panel as JSON: ``html``, ``figure``, ``title``, ``links``."""
    found = _find(request)
    chosen = found.panel(request.path_params["number"]) if found else None
    if found is None or chosen is None:
        return JSONResponse({"error": "no such panel"}, status_code=404)
    view, names = await _view(request, found, chosen)
    return JSONResponse({"html": markup.panel(view), "figure": view.figure, **names})


async def choices(request: Request) -> Response:
    """Return the options of every variable as JSON, or the error of its query."""
    found = _find(request)
    if found is None:
        return JSONResponse({"error": "no such dashboard"}, status_code=404)
    sources = sources_of(request)
    answer: dict[str, Any] = {}
    try:
        filled = await _scope(request, found)
    except (SourceError, BadTime) as error:
        return JSONResponse({one.name: {"error": str(error)} for one in found.variables})
    for one in found.variables:
        try:
            listed = await options(one, filled, sources.prometheus)
        except SourceError as error:
            answer[one.name] = {"error": str(error)}
        else:
            values = filled.variables[one.name]
            answer[one.name] = {
                "options": [{"value": option.value, "text": option.text} for option in listed],
                "value": [ALL] if values.everything else list(values.values),
            }
    return JSONResponse(answer)


def _page(request: Request, found: Dashboard) -> Response:
    try:
        blank = scope(request, found.time_from, found.time_to)
    except BadTime as error:
        return problem_page(request, 400, str(error))
    chosen = _choices(request)
    raw_from, raw_to = blank.time.raw_from, blank.time.raw_to
    folder = folder_of(request)
    return render(
        request,
        "dashboard",
        here="dashboards",
        title=found.title,
        dashboard=found,
        sections=viewed_sections(found, request.query_params.get("viewPanel", "")),
        variables=[_variable_context(one, chosen) for one in found.variables if not _is_fixed(one)],
        links=dashboard_links(found, list(folder.dashboards().values()), blank),
        ranges=ranges_with(raw_from, raw_to),
        range=raw_from if raw_to == "now" else f"{raw_from}|{raw_to}",
        refreshes=REFRESHES if found.refresh in REFRESHES else (*REFRESHES, found.refresh),
        refresh=request.query_params.get("refresh", found.refresh),
    )


def viewed_sections(found: Dashboard, view_panel: str) -> Sequence[Section]:
    """Return the panel that the URL's ``viewPanel`` names, like ``panel-7``, else all sections."""
    number = view_panel.removeprefix("panel-")
    viewed = found.panel(int(number)) if number.isdecimal() else None
    if viewed is None:
        return sections(found)
    whole_page = replace(viewed.grid, x=0, y=0, w=GRID_COLUMNS, h=_VIEWED_HEIGHT)
    return [Section(title="", open=True, top=0, panels=[replace(viewed, grid=whole_page)])]


def sections(found: Dashboard) -> Sequence[Section]:
    """Group panels by row; panels before the first row have no title."""
    groups: list[tuple[Panel | None, list[Panel]]] = [(None, [])]
    for one in found.panels:
        if one.type == "row":
            groups.append((one, list(one.panels)))
        else:
            groups[-1][1].append(one)
    return [
        Section(
            title=row.title if row else "",
            open=not (row and row.collapsed),
            top=min((one.grid.y for one in members), default=0),
            panels=members,
        )
        for row, members in groups
        if row or members
    ]


async def _view(request: Request, found: Dashboard, chosen: Panel) -> tuple[View, dict[str, Any]]:
    """Draw *chosen*, or the error that prevents it."""
    sources = sources_of(request)
    names: dict[str, Any] = {}
    try:
        filled = await _scope(request, found)
        names = _title_and_links(chosen, filled)
        if reason := obstacle(found, chosen, filled):
            return message(f"Only Grafana draws {reason}", detail=_queries(chosen)), names
        data = await sources.panel_data(
            found, chosen, filled, zone=zone_of(request), points=_points(request)
        )
        return draw(data), names
    except SourceError as error:
        detail = str(error) if error.brief != str(error) else ""
        return message(error.brief, detail=detail, kind="error"), names
    except BadTime as error:
        return message(str(error), kind="error"), names


def _title_and_links(chosen: Panel, filled: Scope) -> dict[str, Any]:
    links = [{"title": one.title, "url": one.url} for one in resolve(filled, chosen.links)]
    times = (("Last", chosen.time_from), ("Time shift:", chosen.time_shift))
    note = [*(f"{name} {filled.plain(text)}" for name, text in times if text), *omissions(chosen)]
    return {"title": filled.plain(chosen.title), "links": links, "note": " · ".join(note)}


def _queries(chosen: Panel) -> str:
    """Return the queries that Grafana would send."""
    asked = (one.expr or str(one.raw.get("query") or "") for one in chosen.targets)
    return "\n\n".join(filter(None, asked))


async def _scope(request: Request, found: Dashboard) -> Scope:
    blank = scope(request, found.time_from, found.time_to)
    sources = sources_of(request)
    return await scope_of(found, _choices(request), blank, sources.prometheus)


def _choices(request: Request) -> Choices:
    prefix = "var-"
    given: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if name.startswith(prefix):
            given.setdefault(name[len(prefix) :], []).append(value)
    return given


def _points(request: Request) -> int:
    """Return the number of points: about one per two pixels."""
    width = request.query_params.get("width", "")
    pixels = int(width) if width.isdecimal() and len(width) < len("100000") else 800
    return min(max(pixels // 2, _POINTS[0]), _POINTS[1])


def _find(request: Request) -> Dashboard | None:
    folder = folder_of(request)
    return folder.dashboards().get(request.path_params["uid"])


def _is_fixed(variable: Variable) -> bool:
    """Return true if there is nothing to select: a hidden variable or a data source."""
    return variable.hidden or variable.kind == "datasource"


def _variable_context(variable: Variable, chosen: Choices) -> Mapping[str, Any]:
    return {
        "name": variable.name,
        "label": variable.label or variable.name,
        "description": variable.description,
        "kind": variable.kind,
        "multi": variable.multi,
        "include_all": variable.include_all,
        "value": list(chosen.get(variable.name) or variable.default),
    }
