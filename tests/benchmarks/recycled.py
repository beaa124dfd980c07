"""Scrape of 10,000 lines after 64 workers have exited, compared to a first worker.

The peer is prometheus_client's multiprocess mode, in which exited workers leave files.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from tempfile import TemporaryDirectory
from typing import Final

from tests.benchmarks.rows import Row, run_medians
from tests.benchmarks.subjects import Case, Subject, start_subjects

ROUNDS: Final = 5
DEAD: Final = 64


def rows() -> Iterator[Row]:
    """Yield the row of the table."""
    seconds = measure()

    def describe(variant: str) -> str:
        many, one = seconds[variant, DEAD], seconds[variant, 0]
        return f"{many / one:.1f} ({1000 * many:.0f} to {1000 * one:.0f} ms)"

    yield Row(
        figure=f"CPU of a scrape of 10 000 lines, {DEAD} dead workers (ratio to none)",
        goal="≤ 1.5",
        ours=describe("ours"),
        peer=f"multiprocess mode {describe('PFI')}",
    )


def measure() -> dict[tuple[str, int], float]:
    """Return the median CPU seconds of a scrape by variant and number of exited workers."""
    with ExitStack() as folders:
        cases = {
            (variant, dead): forked_case(variant, dead, folders.enter_context(TemporaryDirectory()))
            for variant in ("ours", "PFI")
            for dead in (0, DEAD)
        }
        with start_subjects(cases, {"OTEL_TRACES_EXPORTER": "none"}) as subjects:
            scrapes = {key: partial(scrape, subject) for key, subject in subjects.items()}
            return run_medians(scrapes, rounds=ROUNDS)


def forked_case(variant: str, dead: int, folder: str) -> Case:
    """Return the case of a worker after *dead* exited ones, with *folder* as their directory."""
    settings = {
        "ours": {"TMPDIR": folder, "SERVER_SOFTWARE": "gunicorn"},
        "PFI": {"PROMETHEUS_MULTIPROC_DIR": folder},
    }
    return Case(module="subject_forked", arguments=(variant, dead), environ=settings[variant])


def scrape(subject: Subject) -> float:
    """Return the CPU seconds of one scrape."""
    return float(subject.ask())
