"""Shared by all pages: layout, time range, time zone."""

import time
from datetime import UTC, datetime, tzinfo
from importlib.metadata import version
from typing import Any, Final, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.requests import Request
from starlette.responses import HTMLResponse

from sightline.grafana.interpolation import Scope
from sightline.grafana.timerange import TimeRange
from sightline.viewer.model.folder import Folder
from sightline.viewer.pages import markup
from sightline.viewer.sources.apis import Sources

PLOTLY_URL: Final = f"/static/plotly-{version('plotly')}.js"
"""The version is in the name, so that browsers can cache it forever."""

RANGES: Final = (
    ("now-5m", "Last 5 minutes"),
    ("now-15m", "Last 15 minutes"),
    ("now-30m", "Last 30 minutes"),
    ("now-1h", "Last 1 hour"),
    ("now-3h", "Last 3 hours"),
    ("now-6h", "Last 6 hours"),
    ("now-12h", "Last 12 hours"),
    ("now-24h", "Last 24 hours"),
    ("now-2d", "Last 2 days"),
    ("now-7d", "Last 7 days"),
    ("now-30d", "Last 30 days"),
)
_CLOCK: Final = "zone"
"""Cookie with the reader's time zone, set by the scripts."""


def folder_of(request: Request) -> Folder:
    """Return the folder of dashboards."""
    return cast("Folder", request.app.state.folder)


def sources_of(request: Request) -> Sources:
    """Return the sources."""
    return cast("Sources", request.app.state.sources)


def render(
    request: Request,
    template: str,
    *,
    here: str,
    title: str,
    status: int = 200,
    **context: Any,
) -> HTMLResponse:
    """Render a page in the common layout."""
    folder = folder_of(request)
    found = list(folder.dashboards().values())
    text = markup.page(
        template,
        here=here,
        title=title,
        dashboards=found,
        problems=folder.problems,
        plotly=PLOTLY_URL,
        **context,
    )
    return HTMLResponse(text, status_code=status)


def problem_page(request: Request, status: int, text: str, *, detail: str = "") -> HTMLResponse:
    """Render a page that explains a problem and links to the dashboards."""
    title = "Not found" if status == 404 else "Error"  # noqa: PLR2004
    return render(request, "problem", here="", title=title, status=status, text=text, detail=detail)


def zone_of(request: Request) -> tzinfo:
    """Return the time zone of the reader, or of this machine if the browser sends no known one."""
    name = request.query_params.get("tz") or request.cookies.get(_CLOCK) or ""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return datetime.now(UTC).astimezone().tzinfo or UTC


def time_range(request: Request, start: str, end: str = "now") -> TimeRange:
    """Parse the time range of the URL; *start* and *end* are the defaults.

    Raises:
        BadTime: The time range of the URL is invalid.
    """
    given = request.query_params
    return TimeRange.parse(given.get("from") or start, given.get("to") or end, now=time.time())


def scope(request: Request, start: str, end: str = "now") -> Scope:
    """Return a scope without variables over that range; raises like `time_range`."""
    settings = request.app.state.settings
    return Scope(
        time=time_range(request, start, end), scrape_seconds=settings.scrape_interval_seconds
    )


def ranges_with(raw_from: str, raw_to: str = "now") -> list[tuple[str, str]]:
    """Return the offered time ranges, with the current one if it is not among them."""
    if raw_to == "now" and raw_from in dict(RANGES):
        return list(RANGES)
    return [*RANGES, (f"{raw_from}|{raw_to}", "Selected range")]
