"""Sources of a dashboard, and the requests for a panel's data."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Any

from sightline.grafana import durations
from sightline.grafana.annotations import Annotation
from sightline.grafana.dashboard import JAEGER, Dashboard, Panel, Target
from sightline.grafana.frame import Frame
from sightline.grafana.interpolation import Scope
from sightline.grafana.transformations import transform
from sightline.grafana.values import text
from sightline.search_tags import parse_tags
from sightline.viewer.model.series import Exemplar, Series
from sightline.viewer.model.settings import Settings
from sightline.viewer.model.trace import Trace
from sightline.viewer.sources import results
from sightline.viewer.sources.alerts import Alert, Alertmanager, Suppressed, read_alerts
from sightline.viewer.sources.answer_cache import AnswerCache
from sightline.viewer.sources.jaeger import Jaeger, Search
from sightline.viewer.sources.panel_data import Event, PanelData
from sightline.viewer.sources.prometheus import Prometheus
from sightline.viewer.sources.selection import is_answered
from sightline.viewer.sources.traces import edges_frame, search_frame
from sightline.viewer.sources.upstream import (
    DRAWING_FAULTS,
    DrawingError,
    SourceError,
    Upstream,
)
from sightline.viewer.values.fields import with_config


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Clients of the three APIs."""

    prometheus: Prometheus
    jaeger: Jaeger
    alertmanager: Alertmanager
    cache: AnswerCache = field(default_factory=AnswerCache)
    """Cache of annotations, which every panel of a page displays."""

    @classmethod
    def from_settings(cls, settings: Settings) -> "Sources":
        """Create clients of the APIs in *settings*."""
        wait = settings.timeout_seconds
        return cls(
            prometheus=Prometheus(
                Upstream("Prometheus", settings.prometheus_url, timeout_seconds=wait)
            ),
            jaeger=Jaeger(Upstream("Jaeger", settings.jaeger_url, timeout_seconds=wait)),
            alertmanager=Alertmanager(
                Upstream("Alertmanager", settings.alertmanager_url, timeout_seconds=wait)
            ),
        )

    async def close(self) -> None:
        """Close all connections."""
        for api in (self.prometheus, self.jaeger, self.alertmanager):
            await api.upstream.close()

    async def panel_data(
        self, dashboard: Dashboard, panel: Panel, scope: Scope, *, zone: tzinfo, points: int
    ) -> PanelData:
        """Fetch all data of *panel* concurrently, with about *points* points per line.

        Raises:
            SourceError: A source gave no usable answer, or a transformation failed.
            BadTime: The time range of the panel is invalid.
        """
        scope = _panel_scope(panel, scope, points)
        targets = [one for one in panel.targets if not one.hidden and is_answered(one)]
        answers, exemplars, events, listed, trace = await asyncio.gather(
            asyncio.gather(*(self._answer(one, panel, scope) for one in targets)),
            self._exemplars(targets, scope),
            self._events(dashboard, panel, scope),
            self.alerts() if panel.type == "alertlist" else _nothing(),
            self._trace(targets, scope) if panel.type == "traces" else _nothing(),
        )
        frames = _frames(list(zip(targets, answers, strict=True)), panel, scope)
        return PanelData(
            panel=panel,
            frames=_configured(panel, frames),
            scope=scope,
            zone=zone,
            exemplars=exemplars,
            events=events,
            alerts=listed or (),
            trace=trace,
        )

    async def alerts(self) -> list[Alert]:
        """Fetch all alerts; without Alertmanager none is shown as silenced or inhibited.

        Raises:
            SourceError: Prometheus gave no usable answer.
        """
        raw, suppressed = await asyncio.gather(self.prometheus.alerts(), self._suppressed())
        return read_alerts(raw, suppressed)

    async def _suppressed(self) -> Suppressed:
        try:
            return await self.alertmanager.suppressed()
        except SourceError:
            return []

    async def _answer(self, target: Target, panel: Panel, scope: Scope) -> Any:
        """Return the series of a Prometheus target or the frames of a Jaeger target."""
        if panel.type == "traces":
            return []
        if target.source.type == JAEGER:
            return [await self._from_jaeger(target, scope)]
        if not target.expr:
            return []
        expr = scope.promql(target.expr)
        if _instant(target):
            return await self.prometheus.instant(expr, at=scope.time.end)
        start, end = aligned_range(scope)
        return await self.prometheus.range(expr, start=start, end=end, step=scope.interval_seconds)

    async def _from_jaeger(self, target: Target, scope: Scope) -> Frame:
        if target.raw.get("queryType") == "dependencyGraph":
            calls = await self.jaeger.dependencies(
                end=scope.time.end, lookback_seconds=scope.time.seconds
            )
            return edges_frame(calls, ref_id=target.ref_id)
        traces = await self.jaeger.search(search_of(target, scope))
        return search_frame(traces, ref_id=target.ref_id)

    async def _exemplars(self, targets: Sequence[Target], scope: Scope) -> list[Exemplar]:
        """Return the exemplars of targets that request them; errors are ignored."""
        exprs = [scope.promql(one.expr) for one in targets if one.raw.get("exemplar")]
        start, end = scope.time.start, scope.time.end
        try:
            found = await asyncio.gather(
                *(self.prometheus.exemplars(expr, start=start, end=end) for expr in exprs)
            )
        except SourceError:
            return []
        return [one for answer in found for one in answer]

    async def _events(self, dashboard: Dashboard, panel: Panel, scope: Scope) -> list[Event]:
        """Return the annotations of time series panels; those with an error are left out."""
        if panel.type != "timeseries":
            return []
        found = await asyncio.gather(
            *(self._events_of(one, scope) for one in dashboard.annotations),
            return_exceptions=True,
        )
        return [event for answer in found if isinstance(answer, list) for event in answer]

    async def _events_of(self, annotation: Annotation, scope: Scope) -> list[Event]:
        (start, end), step = aligned_range(scope), scope.interval_seconds
        expr = scope.promql(annotation.expr)
        series = await self.cache.get(
            (expr, start, end, step),
            lambda: self.prometheus.range(expr, start=start, end=end, step=step),
        )
        return [event for one in series for event in marked_events(annotation, one, step)]

    async def _trace(self, targets: Sequence[Target], scope: Scope) -> Trace | None:
        wanted = next((scope.plain(str(one.raw.get("query") or "")) for one in targets), "").strip()
        return await self.jaeger.trace(wanted) if wanted else None


def aligned_range(scope: Scope) -> tuple[float, float]:
    """Round both ends of the range to multiples of the step, so that a refresh moves no point."""
    step = scope.interval_seconds
    return scope.time.start // step * step, scope.time.end // step * step


def search_of(target: Target, scope: Scope) -> Search:
    """Return the search of a Jaeger target."""
    raw = {name: scope.plain(str(value)) for name, value in target.raw.items()}
    operation = raw.get("operation", "")
    return Search(
        service=raw.get("service", ""),
        operation="" if operation.lower() in {"all", ".+"} else operation,
        tags=parse_tags(raw.get("tags", "")),
        min_duration=raw.get("minDuration", ""),
        max_duration=raw.get("maxDuration", ""),
        limit=int(raw["limit"]) if raw.get("limit", "").isdecimal() else 20,
        start=scope.time.start,
        end=scope.time.end,
    )


def marked_events(annotation: Annotation, series: Series, step_seconds: float) -> list[Event]:
    """Convert adjacent samples to one event; samples of 0 are ignored."""
    runs: list[list[float]] = []
    for seconds, value in series.samples:
        if not value:
            continue
        if runs and seconds - runs[-1][1] <= 1.5 * step_seconds:
            runs[-1][1] = seconds
        else:
            runs.append([seconds, seconds])
    return [
        Event(
            start=start,
            end=end,
            title=results.legend_text(annotation.title, series.labels, annotation.name),
            text=results.legend_text(annotation.text, series.labels, "") if annotation.text else "",
            color=annotation.color,
        )
        for start, end in runs
    ]


def _panel_scope(panel: Panel, scope: Scope, points: int) -> Scope:
    """Return *scope* with the time range and interval of *panel*."""
    names = {"time_from": panel.time_from, "time_shift": panel.time_shift}
    time = scope.time.of_panel(**{name: scope.plain(text) for name, text in names.items()})
    scope = replace(scope, time=time)
    return scope.at(_interval(panel, scope, points))


def _configured(panel: Panel, frames: Sequence[Frame]) -> list[Frame]:
    try:
        return with_config(panel, transform(frames, panel.transformations))
    except DRAWING_FAULTS as error:
        raise DrawingError(error) from error


def _interval(panel: Panel, scope: Scope, points: int) -> float:
    floor = scope.scrape_seconds
    with suppress(ValueError):
        floor = max(floor, durations.seconds(scope.plain(panel.interval).strip(" <>")))
    wanted = min(points, panel.max_points or points)
    return scope.time.interval_seconds(points=wanted, at_least_seconds=floor)


def _frames(answers: Sequence[tuple[Target, Any]], panel: Panel, scope: Scope) -> list[Frame]:
    """Convert answers to frames, in the format that each target selects."""
    tables = [(one.ref_id, found) for one, found in answers if _format(one, panel) == "table"]
    frames = results.table(tables) if tables else []
    for target, found in answers:
        if target.source.type == JAEGER:
            frames += found
        elif _format(target, panel) == "heatmap":
            frames += results.heatmap(found, ref_id=target.ref_id)
        elif _format(target, panel) == "time_series":
            frames += results.time_series(
                found,
                ref_id=target.ref_id,
                legend=scope.plain(text(target.raw.get("legendFormat"))),
                expr=scope.promql(target.expr),
            )
    return frames


def _format(target: Target, panel: Panel) -> str:
    if target.source.type == JAEGER:
        return JAEGER
    return str(
        target.raw.get("format") or ("heatmap" if panel.type == "heatmap" else "time_series")
    )


def _instant(target: Target) -> bool:
    return bool(target.raw.get("instant")) and not target.raw.get("range")


async def _nothing() -> None:
    return None
