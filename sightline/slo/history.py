"""What Prometheus recorded of an objective, asked over its HTTP API."""

import json
import math
import time
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


def course(prometheus: str, objective: Objective, *, since_seconds: int) -> Course:
    """The recorded rates of *objective* over the last *since_seconds*.

    Raises:
        SightlineError: Prometheus cannot be asked, or recorded nothing.
    """
    chosen = f'{{job="{objective.service}", slo="{objective.name}"}}'
    until = int(time.time()) // STEP_SECONDS * STEP_SECONDS
    events = _series(prometheus, f"slo:events:rate{chosen}", until, since_seconds)
    errors = _series(prometheus, f"slo:errors:rate{chosen}", until, since_seconds)
    if not any(not math.isnan(value) for value in events):
        raise SightlineError(
            f"{prometheus} recorded no slo:events:rate{chosen}: expected a Prometheus that has "
            "loaded the rules of this objective for a while"
        )
    return Course(events=_zero_filled(events), errors=_zero_filled(errors))


def _series(prometheus: str, query: str, until: int, since_seconds: int) -> list[float]:
    """One value a step, NaN where nothing was recorded."""
    values: dict[int, float] = {}
    start = until - since_seconds
    for begin in range(start, until + 1, _POINTS * STEP_SECONDS):
        end = min(until, begin + (_POINTS - 1) * STEP_SECONDS)
        values |= _asked(prometheus, query, begin, end)
    return [values.get(moment, math.nan) for moment in range(start, until + 1, STEP_SECONDS)]


def _asked(prometheus: str, query: str, begin: int, end: int) -> dict[int, float]:
    parameters = {"query": query, "start": begin, "end": end, "step": STEP_SECONDS}
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
