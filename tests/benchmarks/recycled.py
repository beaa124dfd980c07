"""A scrape of ten thousand lines where 64 workers have been recycled, beside one of a first worker.

The peer is prometheus_client's multiprocess mode, in which dead workers leave files.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from tempfile import TemporaryDirectory
from typing import Final

from tests.benchmarks.rows import Row, in_turn
from tests.benchmarks.subjects import Case, Subject, side_by_side

ROUNDS: Final = 5
DEAD: Final = 64


def rows() -> Iterator[Row]:
    """The figure for the table."""
    seconds = measured()

    def shown(variant: str) -> str:
        many, one = seconds[variant, DEAD], seconds[variant, 0]
        return f"{many / one:.1f} ({1000 * many:.0f} to {1000 * one:.0f} ms)"

    yield Row(
        figure=f"CPU of a scrape of 10 000 lines, {DEAD} dead workers (ratio to none)",
        goal="≤ 1.5",
        ours=shown("ours"),
        peer=f"multiprocess mode {shown('PFI')}",
    )


def measured() -> dict[tuple[str, int], float]:
    """CPU seconds of a scrape by variant and dead workers, the least of interleaved rounds."""
    with ExitStack() as folders:
        cases = {
            (variant, dead): forked(variant, dead, folders.enter_context(TemporaryDirectory()))
            for variant in ("ours", "PFI")
            for dead in (0, DEAD)
        }
        with side_by_side(cases, {"OTEL_TRACES_EXPORTER": "none"}) as subjects:
            scrapes = {key: partial(scrape, subject) for key, subject in subjects.items()}
            return {key: min(found) for key, found in in_turn(scrapes, rounds=ROUNDS).items()}


def forked(variant: str, dead: int, folder: str) -> Case:
    """A worker with so many *dead* predecessors; all meet in *folder*."""
    meeting = {
        "ours": {"TMPDIR": folder, "SERVER_SOFTWARE": "gunicorn"},
        "PFI": {"PROMETHEUS_MULTIPROC_DIR": folder},
    }
    return Case(module="forked", arguments=(variant, dead), environ=meeting[variant])


def scrape(subject: Subject) -> float:
    """CPU seconds."""
    return float(subject.asked())
