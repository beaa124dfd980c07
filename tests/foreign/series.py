"""Generated series: one description for promtool and for a scrape.

Time is in minutes from the beginning of an incident; it is negative before.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Final

DAY: Final = 24 * 60
"""Age of every counter at the beginning of the incident, in minutes."""

STARTED_SECONDS: Final = -60.0 * DAY
"""Start of the processes with these counters."""

Value = Callable[[float], float | None]
"""Value by minute, or none while the series does not exist."""

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Generated series."""

    name: str
    labels: Labels
    value: Value

    @property
    def selector(self) -> str:
        """The series in the notation of Prometheus."""
        pairs = ", ".join(f'{name}="{value}"' for name, value in self.labels.items())
        return f"{self.name}{{{pairs}}}"

    def with_labels(self, **labels: str) -> "Series":
        """Return the same values with *labels* in addition."""
        return replace(self, labels={**self.labels, **labels})


def counter(per_minute: float, during: float | None = None) -> Value:
    """Return a counter that rises *per_minute*, and by *during* in the incident."""
    later = per_minute if during is None else during

    def value(minute: float) -> float:
        return per_minute * (DAY + min(minute, 0)) + later * max(minute, 0)

    return value


def gauge(level: float, during: float | None = None) -> Value:
    """Return a gauge that stands at *level*, and at *during* in the incident."""
    later = level if during is None else during
    return lambda minute: level if minute <= 0 else later


def ends(value: Value) -> Value:
    """Return *value* of a series that ends with the incident."""
    return lambda minute: value(minute) if minute <= 0 else None


def restarts(every_minutes: int) -> Value:
    """Return the start time of a process that restarts *every_minutes* in the incident."""
    return lambda minute: (
        60.0 * every_minutes * (minute // every_minutes)
        if minute >= every_minutes
        else STARTED_SECONDS
    )


def after_restarts(value: Value, every_minutes: int) -> Value:
    """Return *value* of a process that restarts *every_minutes* in the incident.

    Counters begin at 0, and gauges are as before.
    """

    def restarted(minute: float) -> float | None:
        last = every_minutes * (minute // every_minutes)
        now, lost = value(minute), value(last)
        if minute <= 0 or last <= 0 or now is None or lost is None:
            return now
        return now - lost if value(last + 1) != lost else now

    return restarted


def notation(values: Sequence[float | None]) -> str:
    """Return *values* in the notation of promtool, where equal steps are one term."""
    return " ".join(_terms(values))


def _terms(values: Sequence[float | None]) -> Iterator[str]:
    for position, (absent, run) in enumerate(groupby(values, key=lambda value: value is None)):
        numbers = [value for value in run if value is not None]
        if not absent:
            yield from _numbers(numbers)
        elif position:
            yield "stale"  # and nothing until the series returns, which none does
        else:
            raise ValueError("expected a series that exists from the beginning")


def _numbers(numbers: Sequence[float]) -> Iterator[str]:
    steps = [round(after - value, 6) for value, after in pairwise(numbers)]
    at = 0
    for step, run in groupby(steps):
        count = len(list(run))
        yield f"{numbers[at]:.10g}{step:+.10g}x{count - 1}"
        at += count
    yield f"{numbers[-1]:.10g}"


def promtool(series: Iterable[Series], minutes: Sequence[float]) -> list[dict[str, str]]:
    """Return *series* at *minutes* as the input of a unit test of rules."""
    return [
        {"series": each.selector, "values": notation([each.value(minute) for minute in minutes])}
        for each in series
    ]
