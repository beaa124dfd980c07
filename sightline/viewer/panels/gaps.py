"""Gaps in series, shown and never bridged. Times are milliseconds."""

from collections.abc import Sequence
from itertools import pairwise


def with_gaps(
    times: Sequence[float], values: Sequence[float | None], step: float
) -> tuple[list[float], list[float | None]]:
    """Insert one empty value into each gap wider than one and a half *step*."""
    moments: list[float] = []
    filled: list[float | None] = []
    for time, value in zip(times, values, strict=True):
        if moments and time - moments[-1] > 1.5 * step:
            moments.append(moments[-1] + step)
            filled.append(None)
        moments.append(time)
        filled.append(value)
    return moments, filled


def regular_times(times: Sequence[float], step: float) -> list[float]:
    """Insert every missing step into the gaps between *times*."""
    filled = list(times[:1])
    for before, after in pairwise(times):
        missing = round((after - before) / step) - 1
        filled += [before + number * step for number in range(1, missing + 1)]
        filled.append(after)
    return filled


def isolated(values: Sequence[float | None]) -> list[bool]:
    """Return for each value true if it has no neighbor to draw a line to."""
    around = [None, *values, None]
    return [
        value is not None and around[number] is None and around[number + 2] is None
        for number, value in enumerate(values)
    ]
