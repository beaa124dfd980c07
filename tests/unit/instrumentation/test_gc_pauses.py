"""Histogram of garbage collection pauses while collections run during a scrape."""

import gc
from collections.abc import Iterator
from itertools import pairwise

import pytest

from instrumentation._metrics.runtime import GCPauses


@pytest.fixture
def pauses() -> Iterator[GCPauses]:
    before = gc.get_threshold()
    gc.set_threshold(2)
    pauses = GCPauses()
    yield pauses
    pauses.close()
    gc.set_threshold(*before)


def scrape(pauses: GCPauses, generation: int) -> list[float]:
    """Return the cumulative counts of the buckets by their bounds."""
    (family,) = pauses.collect()
    return [
        sample.value
        for sample in family.samples
        if sample.name.endswith("_bucket") and sample.labels["generation"] == str(generation)
    ]


def test_the_increase_of_a_bucket_is_at_most_that_of_the_next(pauses: GCPauses) -> None:
    scrapes = [scrape(pauses, generation=0) for _ in range(500)]

    increases = [
        [new - old for old, new in zip(first, second, strict=True)]
        for first, second in pairwise(scrapes)
    ]
    assert scrapes[-1][-1] > 500
    assert [increase for increase in increases if increase != sorted(increase)] == []
