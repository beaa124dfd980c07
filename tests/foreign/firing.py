"""First firing of every alert in generated data, as a unit test of promtool."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import yaml

from tests.foreign.model import Expected
from tests.foreign.series import Series, counter, promtool

HEALTHY_MINUTES: Final = 75
"""Healthy history. The usual traffic of a service is known after 70 minutes."""

INCIDENT_MINUTES: Final = 30
SCRAPE_SECONDS: Final = 30

FIRST: Final = (
    "min by (alertname, severity, cluster, namespace, job, window) (min_over_time("
    'timestamp(ALERTS{{alertstate="firing", alertname!="Watchdog"}})[{length}:30s])) - {healthy}'
)


def unit_test(
    series: Iterable[Series],
    alerts: Iterable[Expected],
    rules: Iterable[Path],
    *,
    healthy_minutes: int = HEALTHY_MINUTES,
    incident_minutes: int = INCIDENT_MINUTES,
) -> str:
    """Return a unit test of *rules* in which exactly *alerts* fire, at their times."""
    samples = range(-60 * healthy_minutes, 60 * incident_minutes + 1, SCRAPE_SECONDS)
    length = f"{healthy_minutes + incident_minutes}m"
    query = FIRST.format(length=length, healthy=60 * healthy_minutes)
    expected = [
        {
            "labels": Series(name="", labels=alert.labels, value=counter(0)).selector,
            "value": alert.after_seconds,
        }
        for alert in alerts
    ]
    test: dict[str, Any] = {
        "interval": f"{SCRAPE_SECONDS}s",
        "input_series": promtool(series, [seconds / 60 for seconds in samples]),
        "promql_expr_test": [{"eval_time": length, "expr": query, "exp_samples": expected}],
    }
    files = list(rules)
    document = {
        "rule_files": list(map(str, files)),
        "group_eval_order": _groups(files),
        "evaluation_interval": "30s",
        "tests": [test],
    }
    return yaml.safe_dump(document, sort_keys=False, width=10_000)


def _groups(files: Iterable[Path]) -> list[str]:
    """Return the groups of *files*, those that record before those that alert.

    Prometheus evaluates groups at different moments, which shifts an alert by one interval.
    """
    names = [
        group["name"] for file in files for group in yaml.safe_load(file.read_text())["groups"]
    ]
    return sorted(names, key=lambda name: name.endswith(".alerts"))
