"""Limits of CI on import and set-up, as ratios to the import of the two libraries."""

from tests.benchmarks.footprint import LIBRARIES, OURS, costs

GATE_CPU = 2.4
GATE_BYTES = 1.9
"""Limits with a margin for a busy machine. The goals are in docs/benchmarks.md."""


def test_import_and_set_up_stay_small_beside_the_libraries_they_need() -> None:
    (seconds, size), (their_seconds, their_size) = costs(OURS, LIBRARIES)

    assert seconds <= GATE_CPU * their_seconds
    assert size <= GATE_BYTES * their_size
