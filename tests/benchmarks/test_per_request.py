"""Limits of CI on the CPU of a request, with a margin for a busy machine."""

import pytest

from tests.benchmarks.per_request import microseconds

GATES = {"ours": 1.75, "metrics": 1.2, "unsampled": 1.35, "tenth": 1.45}
"""Ratios to the bare service. The goals are in docs/benchmarks.md."""


@pytest.fixture(scope="module")
def ratios() -> dict[str, float]:
    cpu = microseconds("bare", "native", *GATES)
    return {name: found / cpu["bare"] for name, found in cpu.items()}


@pytest.mark.parametrize("name", GATES)
def test_an_instrumented_request_stays_cheap(ratios: dict[str, float], name: str) -> None:
    assert ratios[name] <= GATES[name]


def test_telemetry_costs_less_than_a_third_of_fastapis_own_traces(
    ratios: dict[str, float],
) -> None:
    assert ratios["ours"] - 1 < (ratios["native"] - 1) / 3
