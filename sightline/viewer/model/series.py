"""Series and exemplars of Prometheus."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A series with its samples, pairs of seconds and value."""

    labels: Mapping[str, str]
    samples: list[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemplar:
    """An example request of a sample."""

    labels: Mapping[str, str]
    """Labels of the exemplar: ``trace_id``."""
    series: Mapping[str, str]
    """Labels of its series."""
    seconds: float
    value: float
