"""Durations in PromQL, divided by a factor or raised to a minimum.

All rules are written with the durations of production. The demo evaluates the same rules faster:
``[5m]``, ``offset 10m``, ``for: 5m`` and the interval of a group are divided by the same number.
Where scrapes are rare, short ranges are raised, so that they hold enough of them.
"""

import re
from typing import Final

from sightline.grafana import durations
from sightline.grafana.durations import DURATION

_IN_PROMQL: Final = re.compile(
    rf"(?<=\[){DURATION}(?=[\]:])|(?<=\d[smhdwy]:){DURATION}(?=\])|(?<=\boffset ){DURATION}"
)

_STRING: Final = r'"(?:[^"\\]|\\.)*"'
_RANGE_OR_OFFSET: Final = re.compile(
    rf"(?P<series>[\w:]*(?:\{{(?:[^{{}}\"]|{_STRING})*\}})?)(?P<open>\[)(?P<range>{DURATION})(?=[\]:])"
    rf"|(?P<word>\boffset )(?P<offset>{DURATION})"
)
_OFFSET_OF_EVALUATIONS_SECONDS: Final = 60
"""Longest offset that compares evaluations of a rule. Longer ones compare windows of scrapes."""


def seconds(duration: str) -> int:
    """Return the length of a *duration* such as ``5m`` or ``1h30m``.

    Raises:
        ValueError: *duration* is not a whole number of seconds.
    """
    length = durations.seconds(duration)
    if length != int(length):
        raise ValueError(f"{duration!r}: expected whole seconds, like 5m, 1h30m or 30d")
    return int(length)


def divide_all(promql: str, speed: int) -> str:
    """Divide every range, step and offset in *promql* by *speed*.

    Raises:
        ValueError: A duration is not a whole multiple of *speed* seconds.
    """
    return _IN_PROMQL.sub(lambda found: divide(found.group(), speed), promql)


def divide(duration: str, speed: int) -> str:
    """Divide *duration* by *speed*.

    Raises:
        ValueError: The result is not a whole number of seconds.
    """
    quotient, remainder = divmod(seconds(duration), speed)
    if remainder:
        raise ValueError(
            f"{duration}: expected a whole multiple of {speed} s, to divide by {speed}"
        )
    return durations.duration(quotient)


def raise_all(promql: str, minimum_seconds: int) -> str:
    """Raise every range of scraped series in *promql*, and every offset, to a minimum.

    Recorded series, whose names contain colons, have a sample at every evaluation. Their ranges
    stay, and so do the steps of subqueries and the offsets by one evaluation.
    """

    def raised(found: re.Match[str]) -> str:
        if found["word"]:
            short = seconds(found["offset"]) <= _OFFSET_OF_EVALUATIONS_SECONDS
            return found[0] if short else f"offset {at_least(found['offset'], minimum_seconds)}"
        if ":" in found["series"].partition("{")[0]:
            return found[0]
        return f"{found['series']}[{at_least(found['range'], minimum_seconds)}"

    return _RANGE_OR_OFFSET.sub(raised, promql)


def at_least(duration: str, minimum_seconds: int) -> str:
    """Return *duration*, or *minimum_seconds* if that is longer."""
    longer = seconds(duration) >= minimum_seconds
    return duration if longer else durations.duration(minimum_seconds)
