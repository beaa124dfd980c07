"""Grafana's calculations by id: one number for a column."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Final

Values = Sequence[float | None]


def reduce_values(values: Values, calc: str) -> float | None:
    """Return the calculation *calc* of *values*; None without any value or for an unknown id."""
    if calc == "last":
        return values[-1] if values else None
    if calc == "first":
        return values[0] if values else None
    if calc == "count":
        return float(len(values))
    present = [value for value in values if value is not None]
    return _OF_PRESENT[calc](present) if present and calc in _OF_PRESENT else None


_OF_PRESENT: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "lastNotNull": lambda values: values[-1],
    "firstNotNull": lambda values: values[0],
    "min": min,
    "max": max,
    "mean": lambda values: sum(values) / len(values),
    "sum": sum,
    "range": lambda values: max(values) - min(values),
    "diff": lambda values: values[-1] - values[0],
    "median": statistics.median,
    "stdDev": statistics.pstdev,
    "variance": statistics.pvariance,
}

CALCULATIONS: Final[Mapping[str, str]] = {
    "lastNotNull": "Last *",
    "last": "Last",
    "firstNotNull": "First *",
    "first": "First",
    "min": "Min",
    "max": "Max",
    "mean": "Mean",
    "sum": "Total",
    "range": "Range",
    "diff": "Difference",
    "median": "Median",
    "stdDev": "StdDev",
    "variance": "Variance",
    "count": "Count",
}
"""Supported calculations and their headings. Source: grafana-data ``fieldReducers``."""
