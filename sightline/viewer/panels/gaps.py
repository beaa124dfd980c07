"""Times at which nothing was measured: made visible, never bridged. Times are milliseconds."""

from collections.abc import Sequence
from itertools import pairwise


def marked(
    times: Sequence[float], values: Sequence[float | None], step: float
) -> tuple[list[float], list[float | None]]:
    """Times and values, with one empty value in each gap wider than one and a half *step*."""
    moments: list[float] = []
    filled: list[float | None] = []
    for time, value in zip(times, values, strict=True):
        if moments and time - moments[-1] > 1.5 * step:
            moments.append(moments[-1] + step)
            filled.append(None)
        moments.append(time)
        filled.append(value)
    return moments, filled


def steady(times: Sequence[float], step: float) -> list[float]:
    """*times*, and every step in the gaps between them."""
    filled = list(times[:1])
    for before, after in pairwise(times):
        missing = round((after - before) / step) - 1
        filled += [before + number * step for number in range(1, missing + 1)]
        filled.append(after)
    return filled


def alone(values: Sequence[float | None]) -> list[bool]:
    """Which values have no neighbour to draw a line to."""
    around = [None, *values, None]
    return [
        value is not None and around[number] is None and around[number + 2] is None
        for number, value in enumerate(values)
    ]
