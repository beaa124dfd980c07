"""Parsing and behavior of sampling strategies, with recorded responses of Jaeger."""

import json
from itertools import count
from typing import Any

import pytest

from instrumentation._sampling.remote import RemoteArguments
from instrumentation._sampling.strategies import RateLimiting, parse_strategy
from instrumentation.errors import ConfigurationError
from sightline.artifacts import ROOT

LOW, HIGH = 1, 2**64 - 1
"""Trace ids that nearly every ratio samples, and that nearly none samples."""


def golden(name: str) -> Any:  # noqa: ANN401  JSON
    """Return the body of a recorded response."""
    return json.loads((ROOT / "tests/golden/jaeger" / f"sampling_{name}.json").read_text())["body"]


@pytest.mark.parametrize(
    ("service", "operation", "low", "high"),
    [
        ("gateway", "GET /api/orders/7", True, False),
        ("gateway", "GET /orders/7", True, True),
        ("gateway", "GET /metrics", False, False),
        ("other", "GET /anything", True, True),
        ("other", "GET /healthz", False, False),
    ],
)
def test_an_operation_is_sampled_by_its_strategy(
    service: str, operation: str, *, low: bool, high: bool
) -> None:
    decide = parse_strategy(golden(service))

    assert (decide(LOW, operation), decide(HIGH, operation)) == (low, high)


def test_a_rate_limited_service_applies_its_rate_to_other_operations() -> None:
    decide = parse_strategy(golden("users"))

    taken = [decide(LOW, "GET /users/1") for _ in range(20)]

    assert sum(taken) == 5
    assert not decide(LOW, "GET /healthz")


def test_a_rate_limit_refills_over_time() -> None:
    ticks = count(step=0.25)
    limited = RateLimiting(2.0, clock=lambda: next(ticks))

    taken = [limited(LOW, "x") for _ in range(8)]

    assert taken == [True, True, True, False, True, False, True, False]


def test_a_lower_bound_samples_traces_outside_the_ratio() -> None:
    decide = parse_strategy(
        {
            "probabilisticSampling": {"samplingRate": 0.1},
            "operationSampling": {
                "defaultSamplingProbability": 0.1,
                "defaultLowerBoundTracesPerSecond": 1.0,
            },
        }
    )

    assert [decide(HIGH, "x"), decide(HIGH, "x"), decide(LOW, "x")] == [True, False, True]


def test_a_response_that_omits_zeros_samples_nothing() -> None:
    assert not parse_strategy({"probabilisticSampling": {}})(LOW, "x")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"probabilisticSampling": 1},
        {"probabilisticSampling": {"samplingRate": 2}},
        {"probabilisticSampling": {"samplingRate": "1"}},
        {"strategyType": "RATE_LIMITING"},
        {"strategyType": "RATE_LIMITING", "rateLimitingSampling": {"maxTracesPerSecond": -1}},
    ],
)
def test_an_invalid_strategy_is_an_error(answer: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"sampling|traces per second"):
        parse_strategy(answer)


def test_the_argument_is_parsed_in_the_format_of_the_specification() -> None:
    arguments = RemoteArguments.parse(
        "endpoint=http://jaeger:5778,pollingIntervalMs=5000,initialSamplingRate=0.25"
    )

    assert arguments.endpoint == "http://jaeger:5778"
    assert (arguments.polling_interval_seconds, arguments.initial_ratio) == (5.0, 0.25)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("0.5", "item 1: expected key=value"),
        ("interval=5", "'interval' is unknown; expected endpoint, pollingIntervalMs"),
        ("endpoint=jaeger:5778", "endpoint='jaeger:5778': expected a URL"),
        ("initialSamplingRate=2", "initialSamplingRate='2': expected a ratio"),
        ("pollingIntervalMs=1", "pollingIntervalMs='1': expected a number of at least 100"),
    ],
)
def test_an_invalid_argument_is_named(argument: str, expected: str) -> None:
    with pytest.raises(ConfigurationError, match=f"OTEL_TRACES_SAMPLER_ARG.*{expected}"):
        RemoteArguments.parse(argument)
