"""Committed queries of panels, evaluated by promtool on series that a test describes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sightline.artifacts import DASHBOARDS, PROMETHEUS
from sightline.grafana.dashboard import Dashboard
from sightline.grafana.interpolation import Scope, Value
from sightline.grafana.timerange import TimeRange
from tests import promtool

RULES = PROMETHEUS / "rules" / "production" / "recording.yml"
NOW = "50m"
STEP_SECONDS = 60.0

Labels = dict[str, str]


def series(name: str, labels: Labels, values: str) -> dict[str, str]:
    """Return an input series of promtool."""
    matchers = ", ".join(f'{key}="{value}"' for key, value in labels.items())
    return {"series": f"{name}{{{matchers}}}", "values": values}


def target(job: str, instance: str, **labels: str) -> dict[str, str]:
    """Return a target that Prometheus can scrape."""
    return series("up", {"job": job, "instance": instance} | labels, "1x60")


def filled(expr: str, chosen: Labels, step: float = STEP_SECONDS) -> str:
    """Substitute the variables of a dashboard; those that are not *chosen* stand for All."""
    everything = {"job": ".+", "instance": ".+", "slo": ".+", "cluster": ".*", "namespace": ".*"}
    values = {
        name: Value(values=(value,), verbatim=True) for name, value in (everything | chosen).items()
    }
    time = TimeRange.parse("now-1h", "now", now=3600.0)
    scope = Scope(time=time, variables=values, interval_seconds=step, scrape_seconds=60.0)
    return scope.promql(expr)


def query(dashboard: str, title: str, ref: str = "A", **chosen: str) -> str:
    """Return the PromQL of a committed panel."""
    panels = Dashboard.read(DASHBOARDS / f"{dashboard}.json").every_panel()
    targets = next(panel.targets for panel in panels if panel.title == title)
    return filled(next(one.expr for one in targets if one.ref_id == ref), chosen)


def annotation(name: str, step: float = STEP_SECONDS) -> str:
    """Return the PromQL of an annotation of all dashboards, asked in steps of *step* seconds."""
    found = Dashboard.read(DASHBOARDS / "service.json").annotations
    return filled(next(one.expr for one in found if one.name == name), {}, step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Series of which queries are asked."""

    inputs: list[dict[str, str]]
    interval: str = "1m"
    """Time between two samples of the inputs."""
    rules: Path | None = RULES
    """Recording rules that are evaluated before; None if the inputs are recorded series."""

    def complaints(self, folder: Path, expr: str, expected: dict[str, float], at: str = NOW) -> str:
        """Return the complaints of promtool about *expr*, rounded, at the time *at*."""
        samples = [{"labels": labels, "value": value} for labels, value in expected.items()]
        question = {"expr": f"round({expr}, 0.1)", "eval_time": at, "exp_samples": samples}
        case: dict[str, Any] = {
            "interval": self.interval,
            "input_series": self.inputs,
            "promql_expr_test": [question],
        }
        files = [str(self.rules)] if self.rules else []
        document = {"rule_files": files, "evaluation_interval": "30s", "tests": [case]}
        test_file = folder / "test_file.yml"
        test_file.write_text(yaml.safe_dump(document))
        return promtool.complaints(promtool.binary(3), "test", "rules", test_file)


def complaints(
    folder: Path, inputs: list[dict[str, str]], expr: str, expected: dict[str, float], at: str = NOW
) -> str:
    """Return the complaints about *expr* with the production rules."""
    return Case(inputs=inputs).complaints(folder, expr, expected, at)
