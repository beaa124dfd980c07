"""Recorded rates of an objective, queried from Prometheus."""

import json
import math
import urllib.error
import urllib.parse
import urllib.request
from typing import Final

from sightline.errors import SightlineError
from sightline.mixin.slo.objective import Objective
from sightline.slo.simulation import STEP_SECONDS, Rates

_MAX_POINTS: Final = 10_000
"""Steps per query. Prometheus rejects queries for more than 11,000 points per series."""

_TIMEOUT_SECONDS: Final = 30.0


def query_rates(prometheus: str, objective: Objective, *, start: int, end: int) -> Rates:
    """Return the rates of *objective* from *start* to *end*, both included.

    Both are Unix times in seconds, a whole number of steps apart.

    Raises:
        SightlineError: The query failed, or Prometheus has no samples.
    """
    selector = f'{{job="{objective.service}", slo="{objective.name}"}}'
    events = _query_series(prometheus, f"slo:events:rate{selector}", start, end)
    errors = _query_series(prometheus, f"slo:errors:rate{selector}", start, end)
    if not any(not math.isnan(value) for value in events):
        raise SightlineError(
            f"{prometheus} has no samples of slo:events:rate{selector} in this range: expected "
            "a Prometheus that evaluates the rules of this objective"
        )
    return Rates(events=_replace_nan(events), errors=_replace_nan(errors))


def _query_series(prometheus: str, query: str, start: int, end: int) -> list[float]:
    """Return one value per step, NaN for a step without a sample."""
    values: dict[int, float] = {}
    for first in range(start, end + 1, _MAX_POINTS * STEP_SECONDS):
        last = min(end, first + (_MAX_POINTS - 1) * STEP_SECONDS)
        values |= _query_range(prometheus, query, first, last)
    return [values.get(second, math.nan) for second in range(start, end + 1, STEP_SECONDS)]


def _query_range(prometheus: str, query: str, start: int, end: int) -> dict[int, float]:
    parameters = {"query": query, "start": start, "end": end, "step": STEP_SECONDS}
    address = f"{prometheus}/api/v1/query_range?{urllib.parse.urlencode(parameters)}"
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS) as answer:
            found = json.load(answer)["data"]["result"]
    except (OSError, ValueError, KeyError, urllib.error.HTTPError) as error:
        raise SightlineError(
            f"{prometheus}: {error}: expected a Prometheus; name it with --prometheus"
        ) from error
    return {int(second): float(value) for series in found for second, value in series["values"]}


def _replace_nan(values: list[float]) -> list[float]:
    return [0.0 if math.isnan(value) else value for value in values]
