"""Test of dashboards on live data: every variable, annotation and panel is queried and drawn.

The viewer's own model does the asking, so that what passes here is what a reader would see.
"""

import asyncio
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal
from zoneinfo import ZoneInfo

from sightline.grafana.annotations import Annotation
from sightline.grafana.dashboard import Dashboard, Panel, Variable
from sightline.grafana.frame import Frame
from sightline.grafana.interpolation import Scope
from sightline.grafana.timerange import BadTime
from sightline.viewer.model.series import Series
from sightline.viewer.panels.kinds import draw
from sightline.viewer.panels.support import obstacle, omissions
from sightline.viewer.sources.apis import Sources
from sightline.viewer.sources.panel_data import PanelData
from sightline.viewer.sources.prometheus import Prometheus
from sightline.viewer.sources.upstream import SourceError, Upstream
from sightline.viewer.sources.variables import Choices, options, scope_of

Verdict = Literal[
    "data", "declared empty", "empty", "NaN", "too many", "slow", "failed", "unsupported"
]

PASSED: Final = frozenset({"data", "declared empty"})

_POINTS: Final = 400
_UNLIMITED: Final = frozenset({"table", "heatmap", "nodeGraph", "traces"})
"""Panel types made for many series."""


_SILENT: Final = frozenset({"alertlist", "heatmap", "text"})
"""Panel types that have no text for an empty result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits for every panel."""

    series: int
    """Maximum number of series; tables and heatmaps are exempt."""
    seconds: float
    """Maximum duration of a query, in the best of several attempts."""
    attempts: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Result for one panel, variable or annotation."""

    dashboard: str
    kind: str
    """Panel type, ``variable`` or ``annotation``."""
    name: str
    verdict: Verdict
    detail: str = ""
    series: int = 0
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """No problem was found."""
        return self.verdict in PASSED


class MeteredPrometheus(Prometheus):
    """Prometheus client that measures its queries and answers."""

    def __init__(self, upstream: Upstream) -> None:
        super().__init__(upstream)
        self.series = 0
        self.seconds = 0.0
        """Duration of the slowest query."""
        self.not_numbers: list[str] = []
        """Queries whose answer contained NaN."""

    async def instant(self, expr: str, *, at: float) -> list[Series]:
        """Query and measure."""
        began = time.perf_counter()
        return self._record(expr, began, await super().instant(expr, at=at))

    async def range(self, expr: str, *, start: float, end: float, step: float) -> list[Series]:
        """Query and measure."""
        began = time.perf_counter()
        found = await super().range(expr, start=start, end=end, step=step)
        return self._record(expr, began, found)

    def _record(self, expr: str, began: float, found: list[Series]) -> list[Series]:
        self.seconds = max(self.seconds, time.perf_counter() - began)
        self.series += len(found)
        if any(math.isnan(value) for one in found for _, value in one.samples):
            self.not_numbers.append(expr)
        return found


async def check_all(
    dashboards: Iterable[Dashboard],
    sources: Sources,
    blank: Scope,
    *,
    limits: Limits,
    chosen: Choices | None = None,
) -> list[Row]:
    """Check every variable, annotation and panel in turn, so that durations are comparable."""
    rows: list[Row] = []
    for dashboard in dashboards:
        rows += await _dashboard(dashboard, sources, blank, limits, chosen or {})
    return rows


async def _dashboard(
    dashboard: Dashboard, sources: Sources, blank: Scope, limits: Limits, chosen: Choices
) -> list[Row]:
    try:
        scope = await scope_of(dashboard, chosen, blank, sources.prometheus)
    except SourceError as error:
        return [replace(_failed_row(dashboard, "dashboard", dashboard.title), detail=str(error))]
    rows = [await _variable(dashboard, one, scope, sources) for one in _query_variables(dashboard)]
    rows += [await _annotation(dashboard, one, scope, sources) for one in dashboard.annotations]
    bare = replace(dashboard, annotations=())
    rows += [await _panel(bare, one, scope, sources, limits) for one in dashboard.every_panel()]
    return rows


def _query_variables(dashboard: Dashboard) -> Iterator[Variable]:
    return (one for one in dashboard.variables if one.kind == "query")


async def _variable(
    dashboard: Dashboard, variable: Variable, scope: Scope, sources: Sources
) -> Row:
    row = _failed_row(dashboard, "variable", f"${variable.name}")
    try:
        found = await options(variable, scope, sources.prometheus)
    except SourceError as error:
        return replace(row, detail=str(error))
    if not found and _selects_absent_label(variable):
        return replace(row, verdict="declared empty")
    return replace(row, verdict="data" if found else "empty", series=len(found))


def _selects_absent_label(variable: Variable) -> bool:
    """Return true if All of *variable* also selects series without its label."""
    return variable.include_all and variable.all_value == ".*"


async def _annotation(
    dashboard: Dashboard, annotation: Annotation, scope: Scope, sources: Sources
) -> Row:
    """Check an annotation; no event is a valid result."""
    row = _failed_row(dashboard, "annotation", annotation.name)
    try:
        found = await sources.prometheus.instant(scope.promql(annotation.expr), at=scope.time.end)
    except SourceError as error:
        return replace(row, detail=str(error))
    return replace(row, verdict="data" if found else "declared empty", series=len(found))


async def _panel(
    dashboard: Dashboard, panel: Panel, scope: Scope, sources: Sources, limits: Limits
) -> Row:
    """Check a panel several times if it is slow, because the machine may have been busy."""
    row = await _attempt(dashboard, panel, scope, sources, limits)
    for _ in range(limits.attempts - 1):
        if row.verdict != "slow":
            break
        row = await _attempt(dashboard, panel, scope, sources, limits)
    return row


async def _attempt(
    dashboard: Dashboard, panel: Panel, scope: Scope, sources: Sources, limits: Limits
) -> Row:
    row = _failed_row(dashboard, panel.type, panel.title)
    if reason := _unsupported(dashboard, panel, scope):
        return replace(row, verdict="unsupported", detail=reason)
    meter = MeteredPrometheus(sources.prometheus.upstream)
    try:
        data = await replace(sources, prometheus=meter).panel_data(
            dashboard, panel, scope, zone=ZoneInfo("UTC"), points=_POINTS
        )
        draw(data)
    except (SourceError, BadTime) as error:
        return replace(row, detail=str(error))
    verdict, detail = _verdict(data, meter, limits)
    return replace(
        row,
        name=data.scope.plain(panel.title),
        verdict=verdict,
        detail=detail,
        series=meter.series,
        seconds=meter.seconds,
    )


def _unsupported(dashboard: Dashboard, panel: Panel, scope: Scope) -> str:
    """Return the reason why the viewer cannot prove *panel*; empty if it can."""
    reason = obstacle(dashboard, panel, scope)
    return f"only Grafana draws {reason}" if reason else " ".join(omissions(panel))


def _verdict(data: PanelData, meter: MeteredPrometheus, limits: Limits) -> tuple[Verdict, str]:
    panel = data.panel
    if meter.not_numbers:
        return "NaN", meter.not_numbers[0]
    if meter.series > limits.series and panel.type not in _UNLIMITED:
        return "too many", f"{meter.series} series, at most {limits.series} allowed"
    if meter.seconds > limits.seconds:
        taken, allowed = 1000 * meter.seconds, 1000 * limits.seconds
        return "slow", f"{taken:.0f} ms, at most {allowed:.0f} ms allowed"
    if _has_data(data):
        return "data", ""
    if panel.config.no_value or panel.type in _SILENT or _awaits_choice(data):
        return "declared empty", panel.config.no_value
    return "empty", data.scope.promql(next((one.expr for one in panel.targets), ""))


def _has_data(data: PanelData) -> bool:
    if data.panel.type in {"alertlist", "text"}:
        return bool(data.alerts)
    if data.panel.type == "traces":
        return data.trace is not None
    if data.panel.type in {"table", "nodeGraph"}:
        return any(frame.length for frame in data.frames)
    return any(_values(data.frames))


def _values(frames: Sequence[Frame]) -> Iterator[bool]:
    return (
        value is not None for frame in frames for column in frame.numbers for value in column.values
    )


def _awaits_choice(data: PanelData) -> bool:
    """Return true if the reader has to select a trace first."""
    queries = [data.scope.plain(str(one.raw.get("query") or "")) for one in data.panel.targets]
    return data.panel.type == "traces" and not any(queries)


def _failed_row(dashboard: Dashboard, kind: str, name: str) -> Row:
    return Row(dashboard=dashboard.uid, kind=kind, name=name, verdict="failed")


def run(
    dashboards: Sequence[Dashboard],
    sources: Sources,
    blank: Scope,
    *,
    limits: Limits,
    chosen: Choices | None = None,
) -> list[Row]:
    """Run `check_all` and close the sources."""

    async def whole() -> list[Row]:
        try:
            return await check_all(dashboards, sources, blank, limits=limits, chosen=chosen)
        finally:
            await sources.close()

    return asyncio.run(whole())
