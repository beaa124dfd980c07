"""Time range of a dashboard, and the interval between points.

Expressions like ``now-15m`` and ``now/d`` are Grafana's. Source: Grafana documentation, "Set
dashboard time range".
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, Self

from sightline.grafana import durations
from sightline.grafana.durations import UNIT_SECONDS

_RELATIVE: Final = re.compile(r"now(?P<steps>([+-]\d+[smhdwMy])*)(/(?P<floor>[mhdwMy]))?")
_STEP: Final = re.compile(r"([+-]\d+)([smhdwMy])")

_ROUND_SECONDS: Final = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200),
    *(1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800, 2592000, 31536000),
)
"""Intervals to which others are rounded. Source: grafana-data ``roundInterval``."""

MAX_POINTS: Final = 11_000
"""Limit of Prometheus for the points of a series in one answer."""


class BadTime(ValueError):  # noqa: N818  it is the value that is bad
    """A time is invalid; the message shows a valid one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """Time range from *start* to *end*, in seconds since the epoch, and its expressions."""

    start: float
    end: float
    raw_from: str
    raw_to: str
    now: float

    @classmethod
    def parse(cls, raw_from: str, raw_to: str, *, now: float) -> Self:
        """Parse two times: ``now-15m``, ``now/d`` or milliseconds; *now* is in seconds.

        Raises:
            BadTime: A time is invalid, or the range ends before it starts.
        """
        start, end = _parse_time(raw_from, now, up=False), _parse_time(raw_to, now, up=True)
        if start >= end:
            raise BadTime(f"from {raw_from} to {raw_to}: expected the first before the second")
        return cls(start=start, end=end, raw_from=raw_from, raw_to=raw_to, now=now)

    def of_panel(self, *, time_from: str, time_shift: str) -> Self:
        """Return the range of a panel with an own length, or a distance into the past.

        As in Grafana, an own length counts only while the range of the dashboard is relative.

        Args:
            time_from: Like ``6h`` or ``now/d``; empty for the range of the dashboard.
            time_shift: Like ``1d``; empty for none.

        Raises:
            BadTime: A value is invalid.
        """
        found = self
        if time_from and "now" in self.raw_from:
            start = time_from if time_from.startswith("now") else f"now-{time_from}"
            found = self.parse(start, "now/d" if "/" in start else "now", now=self.now)
        if not time_shift:
            return found
        try:
            shift = durations.seconds(time_shift)
        except ValueError as error:
            raise BadTime(f"time shift {error}") from error
        return replace(found, start=found.start - shift, end=found.end - shift)

    @property
    def seconds(self) -> float:
        """Length of the range."""
        return self.end - self.start

    def interval_seconds(self, *, points: int, at_least_seconds: float) -> float:
        """Return the interval that gives about *points* points, rounded as in Grafana."""
        interval = _round(self.seconds / max(points, 1))
        return max(interval, at_least_seconds, _round(self.seconds / MAX_POINTS))


def _round(seconds: float) -> float:
    for smaller, larger in pairwise(_ROUND_SECONDS):
        if seconds < (smaller + larger) / 2:
            return smaller
    return _ROUND_SECONDS[-1]


def _parse_time(raw: str, now: float, *, up: bool) -> float:
    if raw.isdecimal():
        return int(raw) / 1000
    found = _RELATIVE.fullmatch(raw)
    if found is None:
        raise BadTime(f"time {raw!r}: expected like now-15m, or milliseconds since the epoch")
    steps = _STEP.findall(found["steps"])
    moment = now + sum(int(count) * UNIT_SECONDS[unit] for count, unit in steps)
    return _round_to_unit(moment, found["floor"], up=up) if found["floor"] else moment


def _round_to_unit(moment: float, unit: str, *, up: bool) -> float:
    """Return the start of the UTC minute, hour, day, week, month or year, or of the next one."""
    day = datetime.fromtimestamp(moment, UTC)
    match unit:
        case "m" | "h":
            edge = moment - moment % UNIT_SECONDS[unit]
        case "w":
            edge = (_midnight(day) - timedelta(days=day.weekday())).timestamp()
        case "M":
            edge = _midnight(day.replace(day=1)).timestamp()
        case "y":
            edge = _midnight(day.replace(month=1, day=1)).timestamp()
        case _:
            edge = _midnight(day).timestamp()
    return edge + UNIT_SECONDS[unit] if up else edge


def _midnight(day: datetime) -> datetime:
    return day.replace(hour=0, minute=0, second=0, microsecond=0)
