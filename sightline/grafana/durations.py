"""Durations as Prometheus and Grafana write them: ``30s``, ``1h30m``, ``500ms``."""

import re
from typing import Final

UNIT_SECONDS: Final = {
    "y": 31536000,
    "M": 2592000,
    "w": 604800,
    "d": 86400,
    "h": 3600,
    "m": 60,
    "s": 1,
    "ms": 0.001,
}
"""Seconds by unit. A month has 30 days, a year 365."""

DURATION: Final = r"(?:\d+(?:\.\d+)?(?:ms|[smhdwMy]))+"
"""Pattern of a duration."""

_TERM: Final = re.compile(r"([\d.]+)(ms|[smhdwMy])")
_WRITTEN: Final = ("d", "h", "m", "s")


def seconds(text: str) -> float:
    """Return the length of a duration such as ``5m``, ``1h30m`` or ``500ms``.

    Raises:
        ValueError: *text* is not a duration.
    """
    if not re.fullmatch(DURATION, text):
        raise ValueError(f"{text!r}: expected a duration, like 5m, 1h30m or 30d")
    return sum(float(count) * UNIT_SECONDS[unit] for count, unit in _TERM.findall(text))


def duration(length_seconds: float) -> str:
    """Write *length_seconds* in the largest units: 5400 is ``1h30m``, 1.5 is ``1500ms``."""
    rest = int(length_seconds)
    if rest != length_seconds:
        return f"{round(length_seconds * 1000)}ms"
    terms = ""
    for unit in _WRITTEN:
        count, rest = divmod(rest, int(UNIT_SECONDS[unit]))
        terms += f"{count}{unit}" if count else ""
    return terms or "0s"
