"""PromQL whose durations are divided by a factor.

All rules are written in production time. The demo evaluates the same rules faster: ``[5m]``,
``offset 10m``, ``for: 5m`` and the interval of a group are divided by the same number.
"""

import re
from typing import Final

from sightline.grafana import durations
from sightline.grafana.durations import DURATION

_IN_PROMQL: Final = re.compile(rf"(?<=\[){DURATION}(?=[\]:])|(?<=\boffset ){DURATION}")


def seconds(duration: str) -> int:
    """Return the length of a *duration* such as ``5m`` or ``1h30m``.

    Raises:
        ValueError: *duration* is not a whole number of seconds.
    """
    length = durations.seconds(duration)
    if length != int(length):
        raise ValueError(f"{duration!r}: expected whole seconds, like 5m, 1h30m or 30d")
    return int(length)


def faster(promql: str, speed: int) -> str:
    """Divide every range and offset in *promql* by *speed*.

    Raises:
        ValueError: A duration is not a whole multiple of *speed* seconds.
    """
    return _IN_PROMQL.sub(lambda found: divided(found.group(), speed), promql)


def divided(length: str, speed: int) -> str:
    """Divide the duration *length* by *speed*.

    Raises:
        ValueError: The result is not a whole number of seconds.
    """
    whole, rest = divmod(seconds(length), speed)
    if rest:
        raise ValueError(f"{length}: expected a whole multiple of {speed} s, to divide by {speed}")
    return durations.duration(whole)
