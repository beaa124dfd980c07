"""One fact has one number: stats, tables and curves of all dashboards agree in every state."""

import pytest

from tests.panels.facts import ABSENT, Place, Screen
from tests.stacks import LocalStack
from tests.waiting import until

USERS = (("job", "users"),)
SHOWN = "$services_shown of $services"

FACTS = {
    "requests": (
        Place(dashboard="service", panel="Requests"),
        Place(dashboard="fleet", panel="Services", column="Requests", row=USERS),
        Place(dashboard="fleet", panel=f"Requests, {SHOWN}", row=USERS),
        Place(dashboard="on-call", panel=f"Requests, {SHOWN}", row=USERS),
    ),
    "errors": (
        Place(dashboard="service", panel="Errors"),
        Place(dashboard="service", panel="Error ratio", row=USERS),
        Place(dashboard="fleet", panel="Services", column="Errors", row=USERS),
        Place(dashboard="fleet", panel=f"Errors, {SHOWN}", row=USERS),
    ),
    "p99": (
        Place(dashboard="service", panel="Duration, p99"),
        Place(dashboard="fleet", panel="Services", column="p99", row=USERS),
        Place(dashboard="fleet", panel=f"p99, {SHOWN}", row=USERS),
    ),
    "budget": (
        Place(dashboard="service", panel="Error budget left"),
        Place(dashboard="fleet", panel="Services", column="Budget left", row=USERS),
        Place(dashboard="slo", panel="Error budget left"),
        Place(dashboard="slo", panel="All objectives", column="Budget left", row=USERS),
    ),
    "burn rate": (
        Place(dashboard="service", panel="Burn rate"),
        Place(dashboard="fleet", panel="Services", column="Burn rate", row=USERS),
        Place(dashboard="slo", panel="Burn rate"),
    ),
}
"""Places of each fact about `users`, which has one objective."""


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_has_one_number(stack: LocalStack, fact: str) -> None:
    screen = Screen.now(stack, "users")
    shown = {str(place): screen.shown(place) for place in FACTS[fact]}

    assert len(set(shown.values())) == 1, shown


def test_counts_of_alerts_are_the_rows_of_their_table(stack: LocalStack) -> None:
    screen = Screen.now(stack, ".+")
    rows = screen.rows(Place(dashboard="fleet", panel="Firing alerts by age"))
    fleet = screen.shown(Place(dashboard="fleet", panel="Firing alerts"))
    on_call = [Place(dashboard="on-call", panel=panel) for panel in ("Critical alerts", "Warnings")]

    assert int(fleet) == sum(int(screen.shown(place)) for place in on_call) == rows


def test_services_down_are_the_rows_without_an_instance(stack: LocalStack) -> None:
    screen = Screen.now(stack, ".+")
    up = Place(dashboard="fleet", panel="Services", column="Up")

    down = screen.shown(Place(dashboard="fleet", panel="Services down"))

    assert down == str(screen.count(up, "0"))


@pytest.mark.parametrize(
    "column",
    ["Requests", "Errors", "p99", "In flight", "Budget left", "Burn rate"],
)
def test_the_row_of_a_service_that_is_down_has_no_old_value(stack: LocalStack, column: str) -> None:
    screen = Screen.now(stack, ".+")
    up = Place(dashboard="fleet", panel="Services", column="Up", row=USERS)
    cell = Place(dashboard="fleet", panel="Services", column=column, row=USERS)

    assert screen.shown(up) != "0" or screen.shown(cell) == ABSENT


def test_the_watchdog_is_no_firing_alert(stack: LocalStack) -> None:
    screen = Screen.now(stack, ".+")
    named = Place(dashboard="fleet", panel="Firing alerts by age", row=(("alertname", "Watchdog"),))

    assert screen.shown(Place(dashboard="fleet", panel="Alerting")) == "alive"
    assert screen.shown(named) == ABSENT


def test_a_service_without_an_objective_is_named_as_one(stack: LocalStack) -> None:
    listed = Place(
        dashboard="slo", panel="Services without an objective", row=(("job", "control"),)
    )

    until(lambda: Screen.now(stack, "control").shown(listed) != ABSENT, within_seconds=60)

    budget = Place(dashboard="service", panel="Error budget left")
    assert Screen.now(stack, "control").shown(budget) == ABSENT
