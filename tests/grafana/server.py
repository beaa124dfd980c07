"""API of Grafana, as its pages call it for the anonymous Viewer."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from sightline.artifacts import DASHBOARDS
from sightline.grafana.dashboard import JAEGER, PROMETHEUS, Dashboard
from sightline.grafana.interpolation import Scope, Value
from sightline.grafana.timerange import TimeRange
from sightline.grafana.variable_queries import LABEL_VALUES
from tests.panels.queries import EVERYTHING, ONE_SERVICE
from tests.stacks import LocalStack

UIDS = sorted(file.stem for file in DASHBOARDS.glob("*.json"))
INTERVAL_SECONDS = 10
SOURCE = {
    PROMETHEUS: {"type": PROMETHEUS, "uid": PROMETHEUS},
    JAEGER: {"type": JAEGER, "uid": JAEGER},
}
CHOSEN = {"job": "gateway", "route": "/api/orders/{order_id}", "slo": "availability"}
"""Values on dashboards of one service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A query of a panel or annotation."""

    asker: str
    query: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Server:
    """Grafana of a running stack."""

    stack: LocalStack

    @property
    def home(self) -> str:
        """Address for browsers; Grafana redirects every other name to it."""
        return f"http://localhost:{self.stack.config.ports.grafana}"

    @property
    def log(self) -> list[str]:
        """Lines of the log."""
        return self.stack.folder.log("grafana").read_text(encoding="utf-8").splitlines()

    @property
    def has_pages(self) -> bool:
        """Return true if Grafana has its web bundle, which a build of the server alone lacks."""
        return bool(self.get("/").status_code == requests.codes.ok)

    def get(self, path: str, **arguments: Any) -> requests.Response:  # noqa: ANN401  of requests
        """Return the response to a GET, without following a redirect."""
        return self._send("GET", path, **arguments)

    def post(self, path: str, body: object) -> requests.Response:
        """Return the response to a POST of JSON."""
        return self._send("POST", path, json=body)

    def _send(self, method: str, path: str, **arguments: Any) -> requests.Response:  # noqa: ANN401  of requests
        with requests.Session() as session:
            session.trust_env = False  # no proxy for loopback
            return session.request(
                method, self.home + path, timeout=60, allow_redirects=False, **arguments
            )

    def ask(self, question: Question) -> str:
        """Send *question* as a panel does; return the error of the answer, empty without one."""
        body = {"queries": [question.query], "from": "now-15m", "to": "now"}
        answer = self.post("/api/ds/query", body)
        result = answer.json().get("results", {}).get(question.query["refId"], answer.json())
        error = result.get("error") or ("" if answer.ok else result.get("message", answer.text))
        return f"{question.asker}: {answer.status_code} {error}" if error else ""

    def has_result(self, promql: str) -> bool:
        """Return true if *promql* has a result now."""
        answer = self.stack.ask("prometheus", "/api/v1/query", params={"query": promql})
        return bool(answer.json()["data"]["result"])

    def find_trace(self) -> str:
        """Return the id of a trace through all services, or an empty string."""
        found = self.stack.ask("jaeger_query", "/api/traces?service=users&limit=20").json()["data"]
        complete = (one["traceID"] for one in found if len(one["processes"]) > 2)
        return next(complete, "")


def questions(uid: str, trace_id: str) -> Iterator[Question]:
    """Yield every query of the panels and annotations of a dashboard."""
    dashboard = Dashboard.read(DASHBOARDS / f"{uid}.json")
    scope = _scope(uid, dashboard, trace_id)
    for panel in dashboard.every_panel():
        for target in panel.targets:
            query = {name: _filled(name, value, scope) for name, value in target.raw.items()} | {
                "datasource": SOURCE[target.source.type],
                "maxDataPoints": 400,
            }
            query["intervalMs"] = INTERVAL_SECONDS * 1000
            yield Question(asker=f"{uid}: {panel.title} {target.ref_id}", query=query)
    for annotation in dashboard.annotations:
        query = {"refId": "Anno", "expr": scope.promql(annotation.expr), "range": True}
        query |= {"datasource": SOURCE[PROMETHEUS], "intervalMs": INTERVAL_SECONDS * 1000}
        yield Question(asker=f"{uid}: annotation {annotation.name}", query=query)


def variable_paths(uid: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield name, path and parameters of the query of each variable."""
    dashboard = Dashboard.read(DASHBOARDS / f"{uid}.json")
    scope = _scope(uid, dashboard, "")
    for variable in dashboard.variables:
        found = LABEL_VALUES.fullmatch(variable.query)
        if variable.kind == "query" and found:
            path = (
                f"/api/datasources/uid/{PROMETHEUS}/resources/api/v1/label/{found['label']}/values"
            )
            yield variable.name, path, {"match[]": scope.promql(found["series"])}


def _scope(uid: str, dashboard: Dashboard, trace_id: str) -> Scope:
    defaults = {one.name: "".join(one.default) for one in dashboard.variables}
    chosen = {**defaults, **EVERYTHING, "trace_id": trace_id}
    if uid in ONE_SERVICE:
        chosen |= CHOSEN
    return Scope(
        time=TimeRange.parse("now-15m", "now", now=time.time()),
        variables={name: Value(values=(value,), verbatim=True) for name, value in chosen.items()},
        interval_seconds=INTERVAL_SECONDS,
        scrape_seconds=5,
    )


def _filled(name: str, value: object, scope: Scope) -> object:
    if not isinstance(value, str):
        return value
    return scope.promql(value) if name == "expr" else scope.plain(value)
