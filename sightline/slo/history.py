"""What Prometheus recorded of an objective, asked over its HTTP API."""

import json
import math
import urllib.error
import urllib.parse
import urllib.request
from typing import Final

from sightline.errors import SightlineError
from sightline.mixin.slo.objective import Objective
from sightline.slo.burning import STEP_SECONDS, Course

_POINTS: Final = 10_000
"""Steps a question: Prometheus refuses more than 11 000 points a series."""

_ANSWERS_WITHIN_SECONDS: Final = 30.0


def course(prometheus: str, objective: Objective, *, start: int, end: int) -> Course:
    """The recorded rates of *objective*, from *start* to *end*, a step for each of both.

    Both are Unix times in seconds, whole steps apart.

    Raises:
        SightlineError: Prometheus cannot be asked, or recorded nothing.
    """
    chosen = f'{{job="{objective.service}", slo="{objective.name}"}}'
    events = _series(prometheus, f"slo:events:rate{chosen}", start, end)
    errors = _series(prometheus, f"slo:errors:rate{chosen}", start, end)
    if not any(not math.isnan(value) for value in events):
        raise SightlineError(
            f"{prometheus} recorded no slo:events:rate{chosen}: expected a Prometheus that has "
            "loaded the rules of this objective for a while"
        )
    return Course(events=_zero_filled(events), errors=_zero_filled(errors))


def _series(prometheus: str, query: str, start: int, end: int) -> list[float]:
    """One value a step, NaN where nothing was recorded."""
    values: dict[int, float] = {}
    for first in range(start, end + 1, _POINTS * STEP_SECONDS):
        last = min(end, first + (_POINTS - 1) * STEP_SECONDS)
        values |= _asked(prometheus, query, first, last)
    return [values.get(moment, math.nan) for moment in range(start, end + 1, STEP_SECONDS)]


def _asked(prometheus: str, query: str, start: int, end: int) -> dict[int, float]:
    parameters = {"query": query, "start": start, "end": end, "step": STEP_SECONDS}
    address = f"{prometheus}/api/v1/query_range?{urllib.parse.urlencode(parameters)}"
    try:
        with urllib.request.urlopen(address, timeout=_ANSWERS_WITHIN_SECONDS) as answer:  # noqa: S310  the user's own address
            found = json.load(answer)["data"]["result"]
    except (OSError, ValueError, KeyError, urllib.error.HTTPError) as error:
        raise SightlineError(
            f"{prometheus}: {error}: expected a Prometheus; name it with --prometheus"
        ) from error
    return {int(moment): float(value) for series in found for moment, value in series["values"]}


def _zero_filled(values: list[float]) -> list[float]:
    return [0.0 if math.isnan(value) else value for value in values]
