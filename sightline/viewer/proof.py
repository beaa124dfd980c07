"""Whether a dashboard works on live data: every variable and panel asked, drawn and judged.

The viewer's own model does the asking, so that what passes here is what a reader would see.
"""

import asyncio
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal
from zoneinfo import ZoneInfo

from sightline.grafana.dashboard import Annotation, Dashboard, Panel, Variable
from sightline.grafana.frame import Frame
from sightline.grafana.interpolation import Scope
from sightline.grafana.reducers import CALCULATIONS
from sightline.grafana.transformations import TRANSFORMATIONS
from sightline.viewer.model.series import Series
from sightline.viewer.panels.kinds import PANELS, draw
from sightline.viewer.sources.apis import Sources
from sightline.viewer.sources.drawing import Drawing
from sightline.viewer.sources.prometheus import Prometheus
from sightline.viewer.sources.upstream import SourceError, Upstream
from sightline.viewer.sources.variables import Choices, options, scope_of

Verdict = Literal["data", "declared empty", "empty", "NaN", "too many", "slow", "failed"]

GOOD: Final = frozenset({"data", "declared empty"})

_POINTS: Final = 400
_UNLIMITED: Final = frozenset({"table", "heatmap", "nodeGraph", "traces"})
"""Panel types that are made for many series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is asked of every panel."""

    series: int
    """Series of a panel at most; tables and heatmaps may have more."""
    seconds: float
    """How long the slowest of its queries may take, in the best of the attempts."""
    attempts: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was found for one panel, variable or annotation."""

    dashboard: str
    kind: str
    """Panel type, ``variable`` or ``annotation``."""
    name: str
    verdict: Verdict
    detail: str = ""
    series: int = 0
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether nothing is to mend."""
        return self.verdict in GOOD


class Meter(Prometheus):
    """A Prometheus that remembers how it was asked, and what was odd about the answers."""

    def __init__(self, upstream: Upstream) -> None:
        super().__init__(upstream)
        self.series = 0
        self.seconds = 0.0
        """Duration of the slowest query."""
        self.not_numbers: list[str] = []
        """Queries whose answer held a NaN."""

    async def instant(self, expr: str, *, at: float) -> list[Series]:
        """As the source, and remembered."""
        began = time.perf_counter()
        return self._noted(expr, began, await super().instant(expr, at=at))

    async def range(self, expr: str, *, start: float, end: float, step: float) -> list[Series]:
        """As the source, and remembered."""
        began = time.perf_counter()
        found = await super().range(expr, start=start, end=end, step=step)
        return self._noted(expr, began, found)

    def _noted(self, expr: str, began: float, found: list[Series]) -> list[Series]:
        self.seconds = max(self.seconds, time.perf_counter() - began)
        self.series += len(found)
        if any(math.isnan(value) for one in found for _, value in one.samples):
            self.not_numbers.append(expr)
        return found


async def prove(
    dashboards: Iterable[Dashboard],
    sources: Sources,
    blank: Scope,
    *,
    limits: Limits,
    chosen: Choices | None = None,
) -> list[Row]:
    """Judge every variable, annotation and panel, one by one so that times mean something."""
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
        return [_row(dashboard, "dashboard", dashboard.title, "failed", detail=str(error))]
    rows = [await _variable(dashboard, one, scope, sources) for one in _asking(dashboard)]
    rows += [await _annotation(dashboard, one, scope, sources) for one in dashboard.annotations]
    bare = replace(dashboard, annotations=())
    rows += [await _panel(bare, one, scope, sources, limits) for one in dashboard.every_panel()]
    return rows


def _asking(dashboard: Dashboard) -> Iterator[Variable]:
    return (one for one in dashboard.variables if one.kind == "query")


async def _variable(
    dashboard: Dashboard, variable: Variable, scope: Scope, sources: Sources
) -> Row:
    name = f"${variable.name}"
    try:
        found = await options(variable, scope, sources.prometheus)
    except SourceError as error:
        return _row(dashboard, "variable", name, "failed", detail=str(error))
    verdict: Verdict = "data" if found else "empty"
    return _row(dashboard, "variable", name, verdict, series=len(found))


async def _annotation(
    dashboard: Dashboard, annotation: Annotation, scope: Scope, sources: Sources
) -> Row:
    """An annotation that marks nothing is a quiet day."""
    try:
        found = await sources.prometheus.instant(scope.promql(annotation.expr), at=scope.time.end)
    except SourceError as error:
        return _row(dashboard, "annotation", annotation.name, "failed", detail=str(error))
    verdict: Verdict = "data" if found else "declared empty"
    return _row(dashboard, "annotation", annotation.name, verdict, series=len(found))


async def _panel(
    dashboard: Dashboard, panel: Panel, scope: Scope, sources: Sources, limits: Limits
) -> Row:
    """The best of some attempts: another process may have had the machine."""
    row = await _attempt(dashboard, panel, scope, sources, limits)
    for _ in range(limits.attempts - 1):
        if row.verdict != "slow":
            break
        row = await _attempt(dashboard, panel, scope, sources, limits)
    return row


async def _attempt(
    dashboard: Dashboard, panel: Panel, scope: Scope, sources: Sources, limits: Limits
) -> Row:
    unknown = _unknown(panel)
    if unknown:
        return _row(dashboard, panel.type, panel.title, "failed", detail=unknown)
    meter = Meter(sources.prometheus.upstream)
    try:
        drawing = await replace(sources, prometheus=meter).drawing(
            dashboard, panel, scope, zone=ZoneInfo("UTC"), points=_POINTS
        )
        draw(drawing)
    except SourceError as error:
        return _row(dashboard, panel.type, panel.title, "failed", detail=str(error))
    verdict, detail = _judged(drawing, meter, limits)
    title = drawing.scope.plain(panel.title)
    return _row(
        dashboard,
        panel.type,
        title,
        verdict,
        detail=detail,
        series=meter.series,
        seconds=meter.seconds,
    )


def _unknown(panel: Panel) -> str:
    """What of *panel* only Grafana can draw."""
    if panel.type not in PANELS:
        return f"panel type {panel.type} is drawn by Grafana only"
    steps = [step.id for step in panel.transformations]
    calcs = [calc for part in _REDUCED for calc in panel.option(part, "calcs", default=[])]
    unknown = [
        *(f"transformation {one}" for one in steps if one not in TRANSFORMATIONS),
        *(f"calculation {one}" for one in calcs if one not in CALCULATIONS),
    ]
    return f"{unknown[0]} is known to Grafana only" if unknown else ""


_REDUCED: Final = ("reduceOptions", "legend")
"""Options that list calculations."""


def _judged(drawing: Drawing, meter: Meter, limits: Limits) -> tuple[Verdict, str]:
    panel = drawing.panel
    if meter.not_numbers:
        return "NaN", meter.not_numbers[0]
    if meter.series > limits.series and panel.type not in _UNLIMITED:
        return "too many", f"{meter.series} series, {limits.series} at most"
    if meter.seconds > limits.seconds:
        return "slow", f"{1000 * meter.seconds:.0f} ms, {1000 * limits.seconds:.0f} ms at most"
    if _filled(drawing):
        return "data", ""
    if panel.config.no_value or panel.type in {"alertlist", "text"} or _unchosen(drawing):
        return "declared empty", panel.config.no_value
    return "empty", drawing.scope.promql(next((one.expr for one in panel.targets), ""))


def _filled(drawing: Drawing) -> bool:
    if drawing.panel.type in {"alertlist", "text"}:
        return bool(drawing.alerts)
    if drawing.panel.type == "traces":
        return drawing.trace is not None
    if drawing.panel.type in {"table", "nodeGraph"}:
        return any(frame.length for frame in drawing.frames)
    return any(_values(drawing.frames))


def _values(frames: Sequence[Frame]) -> Iterator[bool]:
    return (
        value is not None for frame in frames for column in frame.numbers for value in column.values
    )


def _unchosen(drawing: Drawing) -> bool:
    """Whether the panel waits for the reader to choose a trace."""
    queries = [
        drawing.scope.plain(str(one.raw.get("query") or "")) for one in drawing.panel.targets
    ]
    return drawing.panel.type == "traces" and not any(queries)


def _row(  # noqa: PLR0913  a row has that many columns
    dashboard: Dashboard,
    kind: str,
    name: str,
    verdict: Verdict,
    *,
    detail: str = "",
    series: int = 0,
    seconds: float = 0.0,
) -> Row:
    return Row(
        dashboard=dashboard.uid,
        kind=kind,
        name=name,
        verdict=verdict,
        detail=detail,
        series=series,
        seconds=seconds,
    )


def run(
    dashboards: Sequence[Dashboard],
    sources: Sources,
    blank: Scope,
    *,
    limits: Limits,
    chosen: Choices | None = None,
) -> list[Row]:
    """As `prove`, for callers that do not wait; closes the sources."""

    async def whole() -> list[Row]:
        try:
            return await prove(dashboards, sources, blank, limits=limits, chosen=chosen)
        finally:
            await sources.close()

    return asyncio.run(whole())
