"""Results of panels that compare: versions, workers, weeks, routes, traffic, objectives."""

from pathlib import Path

import pytest

from sightline.mixin.dashboards import objectives
from sightline.mixin.rules import processes, services
from tests.panel_worlds import Case, query, series, target

ORDERS = {"job": "orders", "instance": "a"}
LATER = "150m"


def version(number: str, values: str, instance: str = "a") -> dict[str, str]:
    labels = ORDERS | {"instance": instance, "service_version": number, "python_version": "3.13"}
    return series("app_build_info", labels, values)


def started(values: str, instance: str = "a") -> dict[str, str]:
    return series("process_start_time_seconds", ORDERS | {"instance": instance}, values)


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        (
            [version("1", "1x120 _x60"), version("2", "_x121 1x60"), started("0x120 7260x60")],
            {'{job="orders", service_version="2"}': 1740},
        ),
        ([version("1", "1x100 stale _x9 1x90"), started("0x100 _x10 6660x90")], {}),
        ([version("1", "_x121 1x60"), started("_x121 7260x60")], {}),
    ],
    ids=["new version", "after an outage", "first start"],
)
def test_a_deploy_of_the_time_range_is_listed_with_its_age(
    tmp_path: Path, inputs: list[dict[str, str]], expected: dict[str, float]
) -> None:
    panel = query("on-call", "Deploys")

    assert Case(inputs=inputs, rules=None).complaints(tmp_path, panel, expected, LATER) == ""


@pytest.mark.parametrize(("now", "expected"), [(5, {'{job="orders"}': -0.5}), (9, {})])
def test_traffic_is_listed_if_it_changed_by_a_third(
    tmp_path: Path, now: int, expected: dict[str, float]
) -> None:
    rate = series(services.REQUESTS, {"job": "orders"}, f"10x45 {now}x30")
    panel = query("on-call", "Traffic", "B", before="10m")

    assert Case(inputs=[rate], rules=None).complaints(tmp_path, panel, expected) == ""


ROUTE = {"job": "orders", "http_route": "/orders", "quantile": "0.95"}


@pytest.mark.parametrize(
    ("now", "expected"), [("0.3", {'{job="orders", http_route="/orders"}': 3}), ("0.11", {})]
)
def test_a_route_is_slower_from_a_fifth_on(
    tmp_path: Path, now: str, expected: dict[str, float]
) -> None:
    duration = series(services.ROUTE_DURATION, ROUTE, f"0.1x45 {now}x30")
    panel = query("routes", "Slower than before, 10 at most", "E", before="10m")

    assert Case(inputs=[duration], rules=None).complaints(tmp_path, panel, expected) == ""


def test_the_worst_worker_is_shown_and_not_the_sum_of_all(tmp_path: Path) -> None:
    inputs = [
        version("1", "1x60"),
        series("process_worker_cpu_utilization_ratio", ORDERS, "0.9x60"),
        series(processes.CORES, ORDERS, "1.4x60"),
        version("1", "1x60", "single"),
        series(processes.CORES, ORDERS | {"instance": "single"}, "0.4x60"),
    ]
    panel = query("python-runtime", "CPU, $processes_shown of $processes")
    expected: dict[str, float] = {
        '{job="orders", instance="a"}': 0.9,
        '{job="orders", instance="single"}': 0.4,
    }

    assert Case(inputs=inputs, rules=None).complaints(tmp_path, panel, expected) == ""


@pytest.mark.parametrize(("ref", "edge"), [("A", 4), ("B", 1), ("C", 3)])
def test_a_band_has_the_edges_of_three_weeks(tmp_path: Path, ref: str, edge: float) -> None:
    rate = series(services.REQUESTS, {"job": "orders"}, "1 3 2 4")
    panel = query("service", "Requests by week", ref)

    case = Case(inputs=[rate], interval="1w", rules=None)

    assert case.complaints(tmp_path, panel, {"{}": edge}, "3w") == ""


SLO = {"job": "orders", "slo": "availability"}
BUDGET = {'{job="orders", slo="availability"}': 2.0}


def test_a_budget_is_spent_by_the_ratio_of_sums(tmp_path: Path) -> None:
    inputs = [
        series(objectives.OBJECTIVE, SLO, "0.99x60"),
        series(objectives.EVENTS, SLO, "1x29 99x30"),
        series(objectives.BAD_EVENTS, SLO, "1x29 1x30"),
    ]
    panel = query("slo-report", "Objectives", "D")

    assert Case(inputs=inputs, rules=None).complaints(tmp_path, panel, BUDGET, "59m") == ""


@pytest.mark.parametrize(("up", "expected"), [("1x60", {"{}": 0.5}), ("0x60", {"{}": -1_000_000})])
@pytest.mark.parametrize("page", ["service", "slo"])
def test_a_budget_without_a_running_instance_is_unknown(
    tmp_path: Path, page: str, up: str, expected: dict[str, float]
) -> None:
    inputs = [series(objectives.BUDGET_LEFT, SLO, "0.5x60"), target("orders", "a") | {"values": up}]
    panel = query(page, "Error budget left", job="orders")

    assert Case(inputs=inputs, rules=None).complaints(tmp_path, panel, expected) == ""
