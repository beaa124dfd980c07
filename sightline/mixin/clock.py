"""Durations as Prometheus spells them, and PromQL whose every duration is divided.

All rules are written in production time. The demo plays the same rules faster: ``[5m]``,
``offset 10m``, ``for: 5m`` and the interval of a group all shrink by one number.
"""

import re
from typing import Final

_UNIT_SECONDS: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION: Final = re.compile(r"(?:\d+[dhms])+")
_IN_PROMQL: Final = re.compile(r"(?<=\[)(?:\d+[dhms])+(?=[\]:])|(?<=\boffset )(?:\d+[dhms])+")


def seconds(duration: str) -> int:
    """Length of a *duration* such as ``5m`` or ``1h30m``.

    Raises:
        ValueError: Names the text that is no duration.
    """
    if not _DURATION.fullmatch(duration):
        raise ValueError(f"{duration!r}: expected a duration, like 5m, 1h30m or 30d")
    parts = re.findall(r"(\d+)([dhms])", duration)
    return sum(int(count) * _UNIT_SECONDS[unit] for count, unit in parts)


def duration(length_seconds: int) -> str:
    """Shortest spelling of *length_seconds*: 5400 is ``1h30m``, 0 is ``0s``."""
    spelt = ""
    for unit, unit_seconds in _UNIT_SECONDS.items():
        count, length_seconds = divmod(length_seconds, unit_seconds)
        spelt += f"{count}{unit}" if count else ""
    return spelt or "0s"


def faster(promql: str, speed: int) -> str:
    """*promql* with every range and offset divided by *speed*.

    Raises:
        ValueError: A duration is no whole multiple of *speed* seconds.
    """
    return _IN_PROMQL.sub(lambda found: divided(found.group(), speed), promql)


def divided(length: str, speed: int) -> str:
    """Duration *length* divided by *speed*.

    Raises:
        ValueError: The result is no whole number of seconds.
    """
    whole, rest = divmod(seconds(length), speed)
    if rest:
        raise ValueError(f"{length}: expected a whole multiple of {speed} s, to divide by {speed}")
    return duration(whole)
