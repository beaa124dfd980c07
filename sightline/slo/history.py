"""Recorded rates of an objective, queried from Prometheus."""

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Final

from sightline.errors import SightlineError
from sightline.mixin.slo.objective import Objective
from sightline.mixin.slo.selection import select
from sightline.slo.simulation import STEP_SECONDS, Rates

_MAX_POINTS: Final = 10_000
"""Steps per query. Prometheus rejects queries for more than 11,000 points per series."""

_OF_OBJECTIVE: Final = frozenset({"__name__", "job", "slo"})

_TIMEOUT_SECONDS: Final = 30.0


def query_rates(prometheus: str, objective: Objective, *, start: int, end: int) -> dict[str, Rates]:
    """Return the rates of *objective* from *start* to *end*, both included, for each budget.

    Both are Unix times in seconds, a whole number of steps apart. A key is the labels of a budget
    beside those of the objective, like ``cluster="eu"``.

    Raises:
        SightlineError: The query failed, or Prometheus has no samples.
    """
    selector = f"{{{select([objective])}}}"
    events = _query_series(prometheus, f"job_slo:events:rate{selector}", start, end)
    errors = _query_series(prometheus, f"job_slo:errors:rate{selector}", start, end)
    if not events:
        raise SightlineError(
            f"{prometheus} has no samples of job_slo:events:rate{selector} in this range: expected "
            "a Prometheus that evaluates the rules of this objective"
        )
    steps = range(start, end + 1, STEP_SECONDS)
    return {
        budget: Rates(
            events=[values.get(second, 0.0) for second in steps],
            errors=[errors.get(budget, {}).get(second, 0.0) for second in steps],
        )
        for budget, values in sorted(events.items())
    }


def _query_series(prometheus: str, query: str, start: int, end: int) -> dict[str, dict[int, float]]:
    """Return the values of each series by Unix time."""
    found: dict[str, dict[int, float]] = {}
    for first in range(start, end + 1, _MAX_POINTS * STEP_SECONDS):
        last = min(end, first + (_MAX_POINTS - 1) * STEP_SECONDS)
        for labels, values in _query_range(prometheus, query, first, last):
            found.setdefault(labels, {}).update(values)
    return found


def _query_range(
    prometheus: str, query: str, start: int, end: int
) -> list[tuple[str, dict[int, float]]]:
    parameters = {"query": query, "start": start, "end": end, "step": STEP_SECONDS}
    address = f"{prometheus}/api/v1/query_range?{urllib.parse.urlencode(parameters)}"
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS) as answer:
            found = json.load(answer)["data"]["result"]
    except (OSError, ValueError, KeyError, urllib.error.HTTPError) as error:
        raise SightlineError(
            f"{prometheus}: {error}: expected a Prometheus; name it with --prometheus"
        ) from error
    return [
        (_budget(series["metric"]), {int(at): float(value) for at, value in series["values"]})
        for series in found
    ]


def _budget(labels: dict[str, str]) -> str:
    """Return the labels of a series beside those of its objective."""
    own = {name: text for name, text in labels.items() if name not in _OF_OBJECTIVE}
    return ", ".join(f'{name}="{text}"' for name, text in sorted(own.items()))
