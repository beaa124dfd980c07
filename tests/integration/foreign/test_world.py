"""The rules beside foreign programs, and in incidents of an organization with two clusters."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import promtool
from tests.foreign.firing import unit_test
from tests.foreign.incidents import SLOW_BURN, incidents, world
from tests.foreign.installation import export
from tests.foreign.series import Series, counter, gauge
from tests.foreign.services import Service

LONG = {"1d", "3d"}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    out = export(tmp_path_factory.mktemp("installation"))
    return sorted((out / "prometheus" / "rules").glob("*.yml"))


def until_six_hours(rules: list[Path]) -> Iterator[dict[str, Any]]:
    """Yield the groups of one objective without alerts on more history than the test has."""
    for group in promtool.loaded(next(file for file in rules if file.stem == "slo"))["groups"]:
        if group["name"].startswith("slo.ledger"):
            kept = [
                rule
                for rule in group["rules"]
                if rule.get("labels", {}).get("window") not in LONG or "record" in rule
            ]
            yield {**group, "rules": kept}


def workers(service: Service) -> Iterator[Series]:
    """Yield the number of workers and their pauses."""
    for each in service.series():
        if each.name == "up":
            yield replace(each, name="process_worker_count", value=gauge(4))
            yield replace(each, name="python_gc_pause_seconds_sum", value=counter(1))


def pair(series: Series) -> tuple[Series, Series]:
    """Return *series* as two Prometheus of a pair store it in one place."""
    return series.with_labels(replica="a"), series.with_labels(replica="b")


def test_every_incident_and_nothing_else_fires_at_its_time(
    rules: list[Path], tmp_path: Path
) -> None:
    expected = [alert for incident in incidents() for alert in incident.alerts]
    file = tmp_path / "incidents.yml"
    file.write_text(unit_test(world(), expected, rules))

    assert promtool.complaints(promtool.binary(3), "test", "rules", file) == ""


def test_a_slow_burn_pages_after_hours(rules: list[Path], tmp_path: Path) -> None:
    windows = tmp_path / "slo.yml"
    windows.write_text(yaml.safe_dump({"groups": list(until_six_hours(rules))}))
    file = tmp_path / "slow.yml"
    file.write_text(
        unit_test(
            SLOW_BURN.series,
            SLOW_BURN.alerts,
            [windows],
            healthy_minutes=6 * 60,
            incident_minutes=5 * 60,
        )
    )

    assert promtool.complaints(promtool.binary(3), "test", "rules", file) == ""


def test_no_rule_fails_or_fires_on_the_doubled_series_of_a_pair(
    rules: list[Path], tmp_path: Path
) -> None:
    services = [Service(job=job, namespace="pay") for job in ("cart", "charge", "ledger")]
    single = [each for service in services for each in (*service.series(), *workers(service))]
    doubled = [each for series in single for each in pair(series)]
    file = tmp_path / "pair.yml"
    file.write_text(unit_test(doubled, [], rules, healthy_minutes=15, incident_minutes=15))

    assert promtool.complaints(promtool.binary(3), "test", "rules", file) == ""
