"""Colors of series by name, as Grafana applies the overrides."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from sightline.mixin.dashboards import colors
from sightline.mixin.grafana.fields import Override
from sightline.mixin.grafana.schema import Unit
from sightline.mixin.grafana.targets import Query
from sightline.mixin.grafana.time_panels import TimeSeries

ROUTES = (
    *("gateway /api/orders", "gateway /api/orders/{order_id}", "gateway /api/users/{user_id}"),
    *("gateway /api/users/{user_id}/orders", "gateway /api/report/{user_id}"),
    *("orders /orders", "orders /orders/{order_id}", "users /users/{user_id}"),
)
EDGES = ("gateway → orders", "gateway → users", "orders → users", "traffic → gateway")
SERVICES = ("gateway", "orders", "users")


def matches(overrides: Sequence[Override], name: str) -> list[int]:
    """Return the positions of the overrides that match *name*."""
    patterns = [override.pattern.strip("/") for override in overrides]
    return [position for position, one in enumerate(patterns) if re.search(one, name)]


@pytest.mark.parametrize(
    ("overrides", "names"),
    [(colors.NAMES, ROUTES), (colors.NAMES, EDGES), (colors.SERVICES, SERVICES)],
    ids=["routes", "edges", "services"],
)
def test_names_of_the_demo_have_colors_of_their_own(
    overrides: Sequence[Override], names: Sequence[str]
) -> None:
    found = [matches(overrides, name) for name in names]

    assert [len(one) for one in found] == [1] * len(names)
    assert len({one[0] for one in found}) == len(names)


CURVES = TimeSeries(
    title="Duration of scrapes",
    description="Duration of each scrape.",
    unit=Unit.SECONDS,
    queries=(Query(expr="scrape_duration_seconds", legend="{{job}} {{instance}}"),),
)


def test_a_curve_per_process_never_has_the_red_of_a_failure() -> None:
    chosen = replace(CURVES, overrides=colors.NAMES)

    assert colors.of_series(CURVES) == replace(CURVES, overrides=colors.INSTANCES)
    assert colors.of_series(chosen) == chosen
