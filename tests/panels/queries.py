"""Queries of all dashboards, sent to a real Prometheus as the panels send them."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sightline.artifacts import DASHBOARDS
from sightline.grafana.dashboard import Dashboard
from sightline.grafana.interpolation import Scope, Value
from sightline.grafana.timerange import TimeRange
from sightline.grafana.variable_queries import LABEL_VALUES
from sightline.lint.board import Board, Query
from tests.stacks import LocalStack

STEP_SECONDS = 10
RANGE_SECONDS = 120
SLOWEST_SECONDS = 0.1
ATTEMPTS = 3
"""A query may be slow once, because the machine is busy."""
MOST_SERIES = {"table": 50}
"""Maximum number of series by type of panel; 20 for others."""

EVERYTHING = {
    "cluster": ".*",
    "namespace": ".*",
    "job": ".+",
    "instance": ".+",
    "route": ".+",
    "slo": ".+",
    "before": "10m",
}
ONE_SERVICE = {"service", "route", "latency-explorer", "slo"}
"""Dashboards on which one service is selected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A query of a panel, with variables substituted."""

    dashboard: str
    panel: str
    kind: str
    expr: str
    instant: bool
    may_be_empty: bool
    """The panel has a text for an empty answer; a column may be empty."""
    exemplars: bool

    def __str__(self) -> str:
        """Name the panel."""
        return f"{self.dashboard}: {self.panel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer of Prometheus."""

    question: Question
    series: list[dict[str, Any]]
    warnings: list[str]
    seconds: float

    def faults(self) -> Iterator[str]:
        """Yield the problems of the answer."""
        most = MOST_SERIES.get(self.question.kind, 20)
        if not self.series and not self.question.may_be_empty:
            yield f"{self.question}: empty, and the panel does not explain it"
        if any(math.isnan(float(value)) for _, value in self._points()):
            yield f"{self.question}: NaN"
        if len(self.series) > most:
            yield f"{self.question}: {len(self.series)} series, at most {most} are readable"
        if self.seconds > SLOWEST_SECONDS:
            yield f"{self.question}: {self.seconds:.3f} s"
        yield from (f"{self.question}: {warning}" for warning in self.warnings)

    def _points(self) -> Iterator[tuple[float, str]]:
        for series in self.series:
            yield from series.get("values") or [series["value"]]


def questions(dashboard: str) -> list[Question]:
    """Return every PromQL query of *dashboard*."""
    path = DASHBOARDS / f"{dashboard}.json"
    board = Board(path=path, dashboard=Dashboard.read(path), siblings={})
    return [_question(dashboard, query) for query in board.queries() if query.is_promql]


def ask(stack: LocalStack, question: Question) -> Answer:
    """Return the first quick answer of the stack's Prometheus, else the quickest."""
    answers: list[Answer] = []
    while len(answers) < ATTEMPTS:
        answers.append(_asked(stack, question))
        if answers[-1].seconds < SLOWEST_SECONDS:
            return answers[-1]
    return min(answers, key=lambda answer: answer.seconds)


def exemplars(stack: LocalStack, question: Question) -> list[str]:
    """Return the trace ids of the exemplars of *question*, newest first."""
    now = time.time()
    response = stack.ask(
        "prometheus",
        "/api/v1/query_exemplars",
        params={"query": question.expr, "start": str(now - RANGE_SECONDS), "end": str(now)},
    )
    dots = [dot for series in response.json()["data"] for dot in series["exemplars"]]
    dots.sort(key=lambda dot: float(dot["timestamp"]), reverse=True)
    return [dot["labels"]["trace_id"] for dot in dots]


def variables(stack: LocalStack, dashboard: str) -> dict[str, list[str]]:
    """Return the options of each query variable of *dashboard*."""
    queries = {
        variable.name: LABEL_VALUES.fullmatch(variable.query)
        for variable in Dashboard.read(DASHBOARDS / f"{dashboard}.json").variables
        if variable.kind == "query"
    }
    return {
        name: stack.ask(
            "prometheus",
            f"/api/v1/label/{found['label']}/values",
            params={"match[]": _filled(found["series"], EVERYTHING)},
        ).json()["data"]
        for name, found in queries.items()
        if found
    }


def _question(dashboard: str, query: Query) -> Question:
    chosen = EVERYTHING | ({"job": "gateway"} if dashboard in ONE_SERVICE else {})
    return Question(
        dashboard=dashboard,
        panel=query.panel.title,
        kind=query.panel.type,
        expr=_filled(query.expr, chosen),
        instant=bool(query.target.raw.get("instant")),
        may_be_empty="noValue" in query.panel.defaults
        or query.panel.type == "heatmap"
        or _column(query),
        exemplars=bool(query.target.raw.get("exemplar")),
    )


def _column(query: Query) -> bool:
    return query.panel.type == "table" and query.target.ref_id != "A"


def _filled(expr: str, chosen: dict[str, str]) -> str:
    time_range = TimeRange.parse(f"now-{RANGE_SECONDS}s", "now", now=time.time())
    variables = {name: Value(values=(value,), verbatim=True) for name, value in chosen.items()}
    scope = Scope(time=time_range, variables=variables, interval_seconds=STEP_SECONDS)
    return scope.promql(expr)


def _asked(stack: LocalStack, question: Question) -> Answer:
    now = time.time()
    times: dict[str, object] = {"time": now}
    if not question.instant:
        times = {"start": now - RANGE_SECONDS, "end": now, "step": STEP_SECONDS}
    began = time.perf_counter()
    response = stack.ask(
        "prometheus",
        "/api/v1/query" if question.instant else "/api/v1/query_range",
        method="POST",
        data={"query": question.expr, **times},
    )
    seconds = time.perf_counter() - began
    said = response.json()
    assert said["status"] == "success", f"{question}: {said.get('error')}"
    return Answer(
        question=question,
        series=said["data"]["result"],
        warnings=[*said.get("warnings", []), *said.get("infos", [])],
        seconds=seconds,
    )
