"""One number for a column: Grafana's calculations, by their ids."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final

Values = Sequence[float | None]


def reduce_values(values: Values, calc: str) -> float | None:
    """*calc* of *values*; None when there is nothing to calculate from.

    An unknown id counts as ``lastNotNull``, Grafana's default.
    """
    if calc == "last":
        return values[-1] if values else None
    present = [value for value in values if value is not None]
    if calc == "count":
        return float(len(values))
    return CALCULATIONS.get(calc, CALCULATIONS["lastNotNull"])(present) if present else None


CALCULATIONS: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "lastNotNull": lambda values: values[-1],
    "last": lambda values: values[-1],
    "firstNotNull": lambda values: values[0],
    "first": lambda values: values[0],
    "min": min,
    "max": max,
    "mean": lambda values: sum(values) / len(values),
    "median": lambda values: sorted(values)[len(values) // 2],
    "sum": sum,
    "range": lambda values: max(values) - min(values),
    "diff": lambda values: values[-1] - values[0],
    "delta": lambda values: sum(max(after - before, 0) for before, after in pairwise(values)),
    "diffperc": lambda values: (values[-1] - values[0]) / values[0] if values[0] else 0.0,
    "changeCount": lambda values: float(sum(after != before for before, after in pairwise(values))),
    "distinctCount": lambda values: float(len(set(values))),
}

NAMES: Final[Mapping[str, str]] = {
    "lastNotNull": "Last *",
    "last": "Last",
    "firstNotNull": "First *",
    "first": "First",
    "min": "Min",
    "max": "Max",
    "mean": "Mean",
    "median": "Median",
    "sum": "Total",
    "count": "Count",
    "range": "Range",
    "diff": "Difference",
    "delta": "Delta",
    "diffperc": "Difference percent",
    "changeCount": "Change count",
    "distinctCount": "Distinct count",
}
"""What a legend's column is called. Source: grafana-data ``fieldReducers``."""
