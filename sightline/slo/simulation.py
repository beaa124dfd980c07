"""Simulation of the burn-rate alerts, with the arithmetic of the rules.

Every step is one evaluation of the rules. The rules record rates over `INDICATOR_WINDOW`, sum them
over two windows, compare the sums, and hold the result. The simulation does the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Final

from sightline.mixin import clock, config
from sightline.mixin.config import BurnWindow

STEP_SECONDS: Final = clock.seconds(config.EVALUATION_INTERVAL)
_AVERAGED_STEPS: Final = clock.seconds(config.INDICATOR_WINDOW) // STEP_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Values of `job_slo:events:rate` and `job_slo:errors:rate` at each step."""

    events: Sequence[float]
    errors: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """Firing alert with its first and last second, counted from the first step."""

    window: BurnWindow
    from_seconds: int
    until_seconds: int | None
    """None if the alert still fires at the end."""


def record(events: Sequence[float], errors: Sequence[float]) -> Rates:
    """Return the rates that the rules record: averages over `INDICATOR_WINDOW`."""
    return Rates(events=_average(events), errors=_average(errors))


def simulate_alerts(
    rates: Rates,
    *,
    budget: Fraction,
    min_errors: int,
    min_events: int = 0,
    windows: Sequence[BurnWindow] = config.BURN_WINDOWS,
) -> list[Firing]:
    """Return every burn-rate alert that fires on *rates*, ordered by time."""
    found = [
        firing
        for window in windows
        for firing in _apply_hold_and_keep(
            window, _evaluate_condition(rates, window, float(budget), (min_errors, min_events))
        )
    ]
    return sorted(found, key=lambda firing: firing.from_seconds)


def _evaluate_condition(
    rates: Rates, window: BurnWindow, budget: float, least: tuple[int, int]
) -> Iterator[bool]:
    """Yield for each step if the condition of *window* is true.

    *least* are the minimum numbers of errors and of events.
    """
    events, errors = _cumulative_sums(rates.events), _cumulative_sums(rates.errors)
    long, short = (clock.seconds(each) // STEP_SECONDS for each in (window.long, window.short))
    limit = window.factor * budget
    for now in range(1, len(events)):
        counts = (_window_sum(sums, now, long) * STEP_SECONDS for sums in (errors, events))
        enough = all(count >= few for count, few in zip(counts, least, strict=True))
        yield enough and all(
            _window_sum(errors, now, steps) > limit * _window_sum(events, now, steps)
            for steps in (long, short)
        )


def _apply_hold_and_keep(window: BurnWindow, condition: Iterator[bool]) -> Iterator[Firing]:
    """Yield the alerts of a condition, with hold (`for`) and keep (`keep_firing_for`)."""
    hold, keep = clock.seconds(window.hold), clock.seconds(window.keep)
    since: int | None = None
    began: int | None = None
    last = 0
    for now, bad in _with_seconds(condition):
        since = (now if since is None else since) if bad else None
        last = now if bad else last
        if began is None and since is not None and now - since >= hold:
            began = now
        if began is not None and not bad and now - last > keep:
            yield Firing(window=window, from_seconds=began, until_seconds=now)
            began = None
    if began is not None:
        yield Firing(window=window, from_seconds=began, until_seconds=None)


def _with_seconds(condition: Iterator[bool]) -> Iterator[tuple[int, bool]]:
    return ((step * STEP_SECONDS, bad) for step, bad in enumerate(condition))


def _cumulative_sums(values: Sequence[float]) -> list[float]:
    return list(accumulate(values, initial=0.0))


def _window_sum(sums: Sequence[float], now: int, steps: int) -> float:
    return sums[now] - sums[max(0, now - steps)]


def _average(values: Sequence[float]) -> list[float]:
    sums = _cumulative_sums(values)
    return [
        _window_sum(sums, now, _AVERAGED_STEPS) / min(now, _AVERAGED_STEPS)
        for now in range(1, len(sums))
    ]
