"""The span of time a dashboard shows, and how finely.

Words like ``now-15m`` and ``now/d`` are Grafana's. Source: Grafana documentation, "Set dashboard
time range".
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, Self

_UNITS: Final = {
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86400,
    "w": 604800,
    "M": 2592000,
    "y": 31536000,
}
"""Seconds; a month is 30 days, a year 365."""

_RELATIVE: Final = re.compile(r"now(?P<steps>([+-]\d+[smhdwMy])*)(/(?P<floor>[mhdwMy]))?")
_STEP: Final = re.compile(r"([+-]\d+)([smhdwMy])")
_DURATION: Final = re.compile(r"([<>]?)(\d+(?:\.\d+)?)(ms|[smhdwMy])")

_NICE_SECONDS: Final = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200),
    *(1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800, 2592000, 31536000),
)
"""What an interval is rounded to. Source: grafana-data ``roundInterval``."""

MOST_POINTS: Final = 11_000
"""Samples of a series that Prometheus refuses to exceed."""


class BadTime(ValueError):  # noqa: N818  it is the value that is bad
    """A time that cannot be read; the message shows one that can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """From *start* to *end*, in seconds since the epoch, and the words that gave them."""

    start: float
    end: float
    raw_from: str
    raw_to: str

    @classmethod
    def parse(cls, raw_from: str, raw_to: str, *, now: float) -> Self:
        """Read two times: ``now-15m``, ``now/d`` or milliseconds; *now* is in seconds.

        Raises:
            BadTime: One of them cannot be read, or they are the wrong way round.
        """
        start, end = _moment(raw_from, now, up=False), _moment(raw_to, now, up=True)
        if start >= end:
            raise BadTime(f"from {raw_from} to {raw_to}: expected the first before the second")
        return cls(start=start, end=end, raw_from=raw_from, raw_to=raw_to)

    @property
    def seconds(self) -> float:
        """Length of the range."""
        return self.end - self.start

    def interval_seconds(self, *, points: int, at_least_seconds: float) -> float:
        """Time between two points so that about *points* fit, rounded as Grafana rounds it."""
        wanted = self.seconds / max(points, 1)
        nice = _rounded(wanted)
        return max(nice, at_least_seconds, _rounded(self.seconds / MOST_POINTS))


def duration_seconds(text: str) -> float:
    """Seconds in a duration such as ``5m``, ``500ms`` or ``>10s``.

    Raises:
        BadTime: It is no duration.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise BadTime(f"{text!r}: expected a duration, like 5m")
    unit = found[3]
    return float(found[2]) * (0.001 if unit == "ms" else _UNITS[unit])


def duration_text(seconds: float) -> str:
    """The shortest whole PromQL duration, like ``8s`` or ``5m``, or ``1500ms``."""
    if seconds != int(seconds):
        return f"{round(seconds * 1000)}ms"
    for unit in ("d", "h", "m"):
        if seconds >= _UNITS[unit] and seconds % _UNITS[unit] == 0:
            return f"{int(seconds // _UNITS[unit])}{unit}"
    return f"{int(seconds)}s"


def _rounded(seconds: float) -> float:
    for smaller, larger in pairwise(_NICE_SECONDS):
        if seconds < (smaller + larger) / 2:
            return smaller
    return _NICE_SECONDS[-1]


def _moment(raw: str, now: float, *, up: bool) -> float:
    if raw.isdecimal():
        return int(raw) / 1000
    found = _RELATIVE.fullmatch(raw)
    if found is None:
        raise BadTime(f"time {raw!r}: expected like now-15m, or milliseconds since the epoch")
    moment = now + sum(int(count) * _UNITS[unit] for count, unit in _STEP.findall(found["steps"]))
    return _floor(moment, found["floor"], up=up) if found["floor"] else moment


def _floor(moment: float, unit: str, *, up: bool) -> float:
    """Start of the UTC minute, hour, day, week, month or year, or of the next one."""
    day = datetime.fromtimestamp(moment, UTC)
    match unit:
        case "m" | "h":
            edge = moment - moment % _UNITS[unit]
        case "w":
            edge = (_midnight(day) - timedelta(days=day.weekday())).timestamp()
        case "M":
            edge = _midnight(day.replace(day=1)).timestamp()
        case "y":
            edge = _midnight(day.replace(month=1, day=1)).timestamp()
        case _:
            edge = _midnight(day).timestamp()
    return edge + _UNITS[unit] if up else edge


def _midnight(day: datetime) -> datetime:
    return day.replace(hour=0, minute=0, second=0, microsecond=0)
