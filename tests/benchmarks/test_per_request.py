"""What CI holds the hot path to: CPU ratios of one run, with room for a busy machine."""

import pytest

from tests.benchmarks.per_request import microseconds

GATES = {"ours": 1.75, "metrics": 1.2, "unsampled": 1.35, "tenth": 1.45}
"""Ratio to the bare service; `make bench` has the figures, docs/benchmarks.md the goals."""


@pytest.fixture(scope="module")
def ratios() -> dict[str, float]:
    cpu = microseconds("bare", "native", *GATES)
    return {name: found / cpu["bare"] for name, found in cpu.items()}


@pytest.mark.parametrize("name", GATES)
def test_a_watched_request_stays_cheap(ratios: dict[str, float], name: str) -> None:
    assert ratios[name] <= GATES[name]


def test_everything_costs_less_than_a_third_of_what_fastapis_own_traces_cost(
    ratios: dict[str, float],
) -> None:
    assert ratios["ours"] - 1 < (ratios["native"] - 1) / 3
