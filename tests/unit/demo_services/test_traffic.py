import random
from collections import Counter

import pytest

from demo_services.traffic.generator import next_arrival, outcome
from demo_services.traffic.profiles import BY_NAME, PROFILES, Load, Profile
from demo_services.traffic.scenarios import SCENARIOS, Scenario, choose


def test_the_weights_add_up_to_100() -> None:
    assert sum(scenario.weight for scenario in SCENARIOS) == pytest.approx(100)


def test_most_requests_read_and_few_are_errors() -> None:
    rng = random.Random("mix")

    requests = Counter(choose(rng).name for _ in range(20_000))

    assert requests["read_order"] == pytest.approx(11_580, rel=0.05)
    assert requests["unknown_order"] == pytest.approx(200, rel=0.3)
    assert 5 <= requests["broken_order"] <= 50


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_request_goes_to_the_gateway(scenario: Scenario) -> None:
    call = scenario.call(random.Random("path"))

    assert call.path.startswith("/api/")


def test_a_slow_event_loop_does_not_lower_the_rate() -> None:
    assert next_arrival(10.0, now=10.4, gap_seconds=0.2) == pytest.approx(10.2)


def test_arrivals_missed_during_suspend_are_skipped() -> None:
    assert next_arrival(10.0, now=500.0, gap_seconds=0.2) == pytest.approx(499.2)


@pytest.mark.parametrize(
    ("status_code", "expected"),
    [(200, "ok"), (201, "ok"), (404, "client_error"), (422, "client_error"), (503, "server_error")],
)
def test_the_outcome_is_the_class_of_the_status_code(status_code: int, expected: str) -> None:
    assert outcome(status_code) == expected


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_the_arrivals_of_a_minute_follow_the_profile(profile: Profile) -> None:
    rng = random.Random(profile.name)
    load = Load(rate=1, profile=profile)
    times = [step / 200 for step in range(120_000)]  # 200 arrivals per second at the peak

    kept = Counter(int(now // 60) for now in times if load.keeps(now, rng))

    for minute in range(10):
        expected = sum(profile.factor(minute * 60 + second) for second in range(60))
        assert kept[minute] / 200 * profile.peak == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_no_profile_exceeds_its_peak(profile: Profile) -> None:
    factors = [profile.factor(minute) for minute in range(0, 86_400, 10)]

    assert 0 < min(factors) <= max(factors) <= profile.peak


def test_abuse_asks_for_reports() -> None:
    rng = random.Random("abuse")

    requests = Counter(choose(rng, BY_NAME["abuse"].only).name for _ in range(10_000))

    assert requests["report"] == pytest.approx(9040, rel=0.02)
