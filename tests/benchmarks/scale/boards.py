"""Cost of loading a dashboard: each query of its panels, variables and annotations."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sightline.grafana import durations
from sightline.grafana.annotations import Annotation
from sightline.grafana.dashboard import JAEGER, Dashboard, Panel, Target, Variable
from sightline.grafana.interpolation import Scope, Value
from sightline.grafana.timerange import TimeRange
from sightline.grafana.variable_queries import LABEL_VALUES
from tests.benchmarks.scale.prometheus import Cost, Params, Prometheus
from tests.benchmarks.scale.world import SCRAPE_SECONDS

POINTS: Final = 800
"""Width of a panel in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Query of a dashboard."""

    name: str
    """Title of the panel, name of the annotation."""
    path: str
    """Path below ``/api/v1/``."""
    params: Params


def questions(path: Path, *, service: str, at: float) -> Iterator[Question]:
    """Yield the queries of the dashboard at *path*, opened for *service* at the time *at*."""
    dashboard = Dashboard.read(path)
    time = TimeRange.parse(dashboard.time_from, dashboard.time_to, now=at)
    scope = Scope(time=time, scrape_seconds=SCRAPE_SECONDS, variables=_chosen(dashboard, service))
    for panel in dashboard.every_panel():
        for target in panel.targets:
            if target.expr and target.source.type != JAEGER:
                yield _of_panel(panel, target, scope)
    for annotation in dashboard.annotations:
        yield _of_annotation(annotation, scope.at(_step(time, "")))
    for variable in dashboard.variables:
        if found := LABEL_VALUES.fullmatch(variable.query):
            yield _of_variable(variable, found, scope)


def cost(prometheus: Prometheus, question: Question, *, rounds: int) -> Cost:
    """Return the cost of *question*."""
    return prometheus.cost(question.path, question.params, rounds=rounds)


def _chosen(dashboard: Dashboard, service: str) -> dict[str, Value]:
    """Return the variables of a page that was just opened. Choices of one service are *service*."""
    chosen = {
        variable.name: Value(values=(variable.all_value or ".+",), verbatim=True)
        if variable.include_all
        else Value(values=variable.default)
        for variable in dashboard.variables
    }
    one = any(v.name == "job" and "$__all" not in v.default for v in dashboard.variables)
    return {**chosen, "job": Value(values=(service,))} if one else chosen


def _of_panel(panel: Panel, target: Target, scope: Scope) -> Question:
    scope = scope.at(_step(scope.time, panel.interval))
    expr = scope.promql(target.expr)
    if target.raw.get("instant") and not target.raw.get("range"):
        params: Params = {"query": expr, "time": scope.time.end}
        return Question(name=panel.title, path="query", params=params)
    return _range(panel.title, expr, scope)


def _of_annotation(annotation: Annotation, scope: Scope) -> Question:
    return _range(annotation.name, scope.promql(annotation.expr), scope)


def _of_variable(variable: Variable, found: re.Match[str], scope: Scope) -> Question:
    params: Params = {
        "match[]": scope.promql(found["series"]),
        "start": scope.time.start,
        "end": scope.time.end,
    }
    return Question(name=f"${variable.name}", path=f"label/{found['label']}/values", params=params)


def _range(name: str, expr: str, scope: Scope) -> Question:
    step = scope.interval_seconds
    start, end = scope.time.start // step * step, scope.time.end // step * step
    params: Params = {"query": expr, "start": start, "end": end, "step": step}
    return Question(name=name, path="query_range", params=params)


def _step(time: TimeRange, interval: str) -> float:
    """Return the step of a panel with the setting *interval*, or else the scrape interval."""
    floor = durations.seconds(interval) if interval else SCRAPE_SECONDS
    return time.interval_seconds(points=POINTS, at_least_seconds=floor)
