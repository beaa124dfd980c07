import random
from collections import Counter

import pytest

from demo_services.traffic.generator import next_arrival, outcome
from demo_services.traffic.scenarios import SCENARIOS, Scenario, choose


def test_the_mix_adds_up_to_a_hundred() -> None:
    assert sum(scenario.weight for scenario in SCENARIOS) == pytest.approx(100)


def test_most_visits_read_and_a_few_are_mistakes() -> None:
    draws = random.Random("mix")  # noqa: S311  not a secret

    visits = Counter(choose(draws).name for _ in range(20_000))

    assert visits["read_order"] == pytest.approx(11_680, rel=0.05)
    assert visits["unknown_order"] == pytest.approx(200, rel=0.3)
    assert 5 <= visits["broken_order"] <= 50


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_visit_goes_to_the_gateway(scenario: Scenario) -> None:
    call = scenario.call(random.Random("path"))  # noqa: S311  not a secret

    assert call.path.startswith("/api/")


def test_arrivals_keep_their_pace_behind_a_slow_loop() -> None:
    assert next_arrival(10.0, now=10.4, gap_seconds=0.2) == pytest.approx(10.2)


def test_arrivals_missed_while_the_machine_slept_are_not_made_up_for() -> None:
    assert next_arrival(10.0, now=500.0, gap_seconds=0.2) == pytest.approx(499.2)


@pytest.mark.parametrize(
    ("status_code", "expected"),
    [(200, "ok"), (201, "ok"), (404, "client_error"), (422, "client_error"), (503, "server_error")],
)
def test_an_outcome_is_the_class_of_the_answer(status_code: int, expected: str) -> None:
    assert outcome(status_code) == expected
