"""When the burn-rate alerts fire over a course of events: the rules' own arithmetic, in Python.

A course is a list of steps, one for each evaluation of the rules. The rules record rates over
`INDICATOR_WINDOW`, sum them over two windows, compare, and hold; so does this.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Final

from sightline.mixin import clock, config
from sightline.mixin.config import BurnWindow

STEP_SECONDS: Final = clock.seconds(config.EVALUATION_INTERVAL)
_SMOOTHED_STEPS: Final = clock.seconds(config.INDICATOR_WINDOW) // STEP_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Events a second at each step, as `slo:events:rate` and `slo:errors:rate` have them."""

    events: Sequence[float]
    errors: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One alert, from its first to its last step; both count from the start of the course."""

    window: BurnWindow
    from_seconds: int
    until_seconds: int | None
    """None if it still fires at the end."""


def recorded(events: Sequence[float], errors: Sequence[float]) -> Course:
    """What the rules record of true rates: each averaged over the indicator's window."""
    return Course(events=_smoothed(events), errors=_smoothed(errors))


def firings(course: Course, *, budget: Fraction, min_errors: int) -> list[Firing]:
    """Every burn-rate alert over *course*, ordered by its beginning."""
    found = [
        firing
        for window in config.BURN_WINDOWS
        for firing in _held(window, _burning(course, window, float(budget), min_errors))
    ]
    return sorted(found, key=lambda firing: firing.from_seconds)


def _burning(course: Course, window: BurnWindow, budget: float, min_errors: int) -> Iterator[bool]:
    """Whether the condition of *window* is true, at each step."""
    events, errors = _sums(course.events), _sums(course.errors)
    long, short = (clock.seconds(each) // STEP_SECONDS for each in (window.long, window.short))
    limit = window.factor * budget
    for now in range(1, len(events)):
        enough = _within(errors, now, long) * STEP_SECONDS >= min_errors
        yield enough and all(
            _within(errors, now, steps) > limit * _within(events, now, steps)
            for steps in (long, short)
        )


def _held(window: BurnWindow, burning: Iterator[bool]) -> Iterator[Firing]:
    """Alerts of *burning*, once held long enough and kept after it ended."""
    hold, keep = clock.seconds(window.hold), clock.seconds(window.keep)
    since: int | None = None
    began: int | None = None
    last = 0
    for now, bad in _timed(burning):
        since = (now if since is None else since) if bad else None
        last = now if bad else last
        if began is None and since is not None and now - since >= hold:
            began = now
        if began is not None and not bad and now - last > keep:
            yield Firing(window=window, from_seconds=began, until_seconds=now)
            began = None
    if began is not None:
        yield Firing(window=window, from_seconds=began, until_seconds=None)


def _timed(burning: Iterator[bool]) -> Iterator[tuple[int, bool]]:
    return ((step * STEP_SECONDS, bad) for step, bad in enumerate(burning))


def _sums(values: Sequence[float]) -> list[float]:
    return list(accumulate(values, initial=0.0))


def _within(sums: Sequence[float], now: int, steps: int) -> float:
    return sums[now] - sums[max(0, now - steps)]


def _smoothed(values: Sequence[float]) -> list[float]:
    sums = _sums(values)
    return [
        _within(sums, now, _SMOOTHED_STEPS) / min(now, _SMOOTHED_STEPS)
        for now in range(1, len(sums))
    ]
