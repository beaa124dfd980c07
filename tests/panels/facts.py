"""Numbers that several panels show, as one reader sees them at one time."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from sightline.artifacts import DASHBOARDS
from sightline.grafana.dashboard import Dashboard, Panel
from sightline.grafana.interpolation import Scope, Value
from sightline.grafana.timerange import TimeRange
from tests.panels.queries import EVERYTHING, RANGE_SECONDS, STEP_SECONDS
from tests.stacks import LocalStack

ABSENT = "no data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Number of a panel: a stat, a cell of a table, or the last value of a curve."""

    dashboard: str
    panel: str
    column: str = ""
    """Heading of the column of a table."""
    row: tuple[tuple[str, str], ...] = ()
    """Labels of the row or curve; those of the service on dashboards of all services."""

    def __str__(self) -> str:
        """Name the place."""
        return f"{self.dashboard}: {self.panel} {self.column}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """Answers of Prometheus for one service at one time."""

    stack: LocalStack
    service: str
    at: float

    @classmethod
    def now(cls, stack: LocalStack, service: str) -> "Screen":
        """Return the screen of *service* now."""
        return cls(stack=stack, service=service, at=time.time())

    def shown(self, place: Place) -> str:
        """Return the number at *place* in three digits, or the text for a missing one."""
        panel = _panel(place)
        answers = self._ask(_expr(panel, place.column))
        wanted = dict(place.row)
        found = [value for labels, value in answers if wanted.items() <= labels.items()]
        return _text(panel, place.column, float(found[0])) if found else ABSENT

    def rows(self, place: Place) -> int:
        """Return the number of series of the panel."""
        return len(self._ask(_expr(_panel(place), place.column)))

    def count(self, place: Place, text: str) -> int:
        """Return how many series of *place*, of all rows, are shown as *text*."""
        panel = _panel(place)
        answers = self._ask(_expr(panel, place.column))
        return sum(_text(panel, place.column, float(value)) == text for _, value in answers)

    def _ask(self, expr: str) -> list[tuple[Mapping[str, str], str]]:
        end = self.at
        chosen = EVERYTHING | {"job": self.service, "slo": "availability"}
        values = {name: Value(values=(one,), verbatim=True) for name, one in chosen.items()}
        span = TimeRange.parse(f"now-{RANGE_SECONDS}s", "now", now=end)
        scope = Scope(time=span, variables=values, interval_seconds=STEP_SECONDS)
        parameters = {"query": scope.promql(expr), "time": end}
        response = self.stack.ask("prometheus", "/api/v1/query", method="POST", data=parameters)
        return [(one["metric"], one["value"][1]) for one in response.json()["data"]["result"]]


def _panel(place: Place) -> Panel:
    panels = Dashboard.read(DASHBOARDS / f"{place.dashboard}.json").every_panel()
    return next(one for one in panels if one.title == place.panel)


def _expr(panel: Panel, column: str) -> str:
    """Return the query of *column*, or the last one: the highest of several quantiles."""
    if not column:
        return panel.targets[-1].expr
    titles = panel.transformations[-1].options["renameByName"]
    fields = [f"Value #{target.ref_id}" for target in panel.targets]
    return next(
        target.expr
        for target, name in zip(panel.targets, fields, strict=True)
        if titles.get(name, titles.get("Value")) == column
    )


def _text(panel: Panel, column: str, value: float) -> str:
    overrides = (
        one.properties.get("mappings", ()) for one in panel.overrides if one.options == column
    )
    mapped = {
        float(key): str(shown["text"])
        for mapping in chain(panel.defaults.get("mappings", ()), *overrides)
        for key, shown in mapping["options"].items()
    }
    return mapped.get(value, f"{value:.3g}")
