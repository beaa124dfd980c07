"""Pages of traces: search, one trace, service map."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from sightline.grafana.interpolation import Scope
from sightline.grafana.timerange import BadTime
from sightline.grafana.units import write
from sightline.search_tags import parse_tags
from sightline.viewer.model.trace import Trace
from sightline.viewer.pages.common import (
    problem_page,
    ranges_with,
    render,
    scope,
    sources_of,
    zone_of,
)
from sightline.viewer.panels import graph
from sightline.viewer.panels.axis import Scale, layout, time_axis, value_axis
from sightline.viewer.panels.waterfall import waterfall
from sightline.viewer.sources.jaeger import Search
from sightline.viewer.sources.upstream import SourceError
from sightline.viewer.values import colors
from sightline.viewer.values.times import local_seconds, local_time

_RANGE: Final = "now-1h"
_MAX_LIMIT: Final = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The search form."""

    service: str
    operation: str
    tags: str
    min_duration: str
    max_duration: str
    limit: int
    range: str


async def search(request: Request) -> Response:
    """Search for traces: a form, a scatter plot of durations, a list."""
    sources = sources_of(request)
    form, context = _form(request), _empty_context()
    try:
        blank = scope(request, _RANGE)
        context["services"] = await sources.jaeger.services()
        form = _with_service(form, context["services"])
        if form.service:
            context["operations"] = await sources.jaeger.operations(form.service)
            found = await sources.jaeger.search(_search(form, blank))
            context |= _results(request, found, form, blank)
    except (SourceError, BadTime) as error:
        context["error"] = str(error)
    ranges = ranges_with(form.range)
    within = dict(ranges).get(form.range, form.range).lower()
    return render(
        request,
        "traces",
        here="traces",
        title="Traces",
        form=form,
        ranges=ranges,
        within=f"the {within}",
        **context,
    )


async def trace(request: Request) -> Response:
    """Show a trace as a waterfall."""
    sources = sources_of(request)
    trace_id = request.path_params["trace_id"]
    try:
        found = await sources.jaeger.trace(trace_id)
    except SourceError as error:
        return problem_page(request, 502, str(error))
    if found is None:
        return problem_page(
            request,
            404,
            f"There is no trace {trace_id}.",
            detail="A trace appears a few seconds after its last span ends. "
            "A full store drops the oldest traces.",
        )
    fall = waterfall(found, zone_of(request))
    return render(request, "trace", here="traces", title=fall.title, fall=fall)


async def service_map(request: Request) -> Response:
    """Show the service map."""
    sources = sources_of(request)
    calls: Mapping[tuple[str, str], float] = {}
    error, chosen = "", request.query_params.get("from") or _RANGE
    try:
        time = scope(request, _RANGE).time
        calls = await sources.jaeger.dependencies(end=time.end, lookback_seconds=time.seconds)
    except (SourceError, BadTime) as failure:
        error = str(failure)
    ranges = ranges_with(chosen)
    return render(
        request,
        "map",
        here="map",
        title="Service map",
        graph=graph.layout(calls),
        ranges=ranges,
        range=chosen,
        within=f"the {dict(ranges).get(chosen, chosen).lower()}",
        error=error,
    )


def _empty_context() -> dict[str, Any]:
    return {
        "services": [],
        "operations": [],
        "traces": [],
        "scatter": {},
        "full": False,
        "error": "",
    }


def _form(request: Request) -> Form:
    given = request.query_params
    limit = given.get("limit", "")
    return Form(
        service=given.get("service", ""),
        operation=given.get("operation", ""),
        tags=given.get("tags", ""),
        min_duration=given.get("minDuration", ""),
        max_duration=given.get("maxDuration", ""),
        limit=min(int(limit), _MAX_LIMIT) if limit.isdecimal() and int(limit[:6]) else 20,
        range=given.get("from") or _RANGE,
    )


def _with_service(form: Form, services: Sequence[str]) -> Form:
    """Select a service if none is selected: the gateway, where requests enter, or the first."""
    if form.service or not services:
        return form
    first = "gateway" if "gateway" in services else services[0]
    return replace(form, service=first, operation="")


def _search(form: Form, blank: Scope) -> Search:
    return Search(
        service=form.service,
        operation=form.operation,
        tags=parse_tags(form.tags),
        min_duration=form.min_duration,
        max_duration=form.max_duration,
        limit=form.limit,
        start=blank.time.start,
        end=blank.time.end,
    )


def _results(request: Request, found: Sequence[Trace], form: Form, blank: Scope) -> dict[str, Any]:
    longest = max((one.duration for one in found), default=1.0) or 1.0
    zone = zone_of(request)
    return {
        "full": len(found) >= form.limit,
        "scatter": scatter(found, blank, request),
        "traces": [
            {
                "id": one.id,
                "title": f"{one.root.service}: {one.root.name}",
                "percent": 100 * one.duration / longest,
                "duration": str(write(one.duration, "µs")),
                "started": local_seconds(one.start / 1000, zone),
                "services": _services(one),
                "errors": one.errors,
                "orphans": one.orphans,
            }
            for one in found
        ],
    }


def _services(one: Trace) -> list[tuple[str, int, str]]:
    shades = colors.name_colors(name for name, _ in one.services)
    return [(name, count, shades[name]) for name, count in one.services]


def scatter(found: Sequence[Trace], blank: Scope, request: Request) -> dict[str, Any]:
    """Plot traces by start and duration; red marks failed ones, a click opens one."""
    zone = zone_of(request)
    starts = [one.start / 1000 for one in found] or [1000 * blank.time.end]
    room = max(1000.0, 0.05 * (max(starts) - min(starts)))
    ends = local_time(min(starts) - room, zone), local_time(max(starts) + room, zone)
    seconds = [one.duration / 1e6 for one in found]
    scale = Scale.around(seconds, low=0.0, high=None).round_up("s", about=3)
    texts = [
        f"<b>{write(one.duration, 'µs')}</b>  {len(one.rows)} spans"
        + (f", {one.errors} failed" if one.errors else "")
        for one in found
    ]
    dots = {
        "type": "scatter",
        "mode": "markers",
        "x": [local_time(one.start / 1000, zone) for one in found],
        "y": seconds,
        "customdata": [[f"/trace/{one.id}", text] for one, text in zip(found, texts, strict=True)],
        "hovertemplate": "%{customdata[1]}<extra></extra>",
        "marker": {
            "size": [8 + min(len(one.rows) / 4, 12) for one in found],
            "color": [colors.css_color("red" if one.errors else "blue") for one in found],
            "opacity": 0.75,
            "line": {"width": 0},
        },
    }
    axes = {"xaxis": time_axis(ends), "yaxis": value_axis(scale, "s", about=3)}
    return {"data": [dots], "layout": layout(**axes, hovermode="closest")}
