"""What CI holds import and set-up to: ratios to importing the two libraries beneath us."""

from tests.benchmarks.footprint import LIBRARIES, OURS, costs

GATE_CPU = 2.3
GATE_BYTES = 2.1
"""`make bench` has the figures, docs/benchmarks.md the goals; here is room for a busy machine."""


def test_import_and_set_up_stay_small_beside_the_libraries_they_need() -> None:
    (seconds, size), (their_seconds, their_size) = costs(OURS, LIBRARIES)

    assert seconds <= GATE_CPU * their_seconds
    assert size <= GATE_BYTES * their_size
