from pathlib import Path

from tests.benchmarks.startup import TRIES, measure

DATA_WITHIN_SECONDS = 20.0
"""The promise is 12 s on two idle cores; a shared machine gets grace, and three tries."""


def test_a_start_soon_shows_data(tmp_path: Path) -> None:
    starts = (measure(tmp_path / f"try{number}") for number in range(TRIES))

    assert any(start.data_seconds < DATA_WITHIN_SECONDS for start in starts)
