"""Identifiers of Grafana's schema that our dashboards use: units, colors, color modes."""

from enum import StrEnum
from typing import Final, TypeAlias

Json: TypeAlias = dict[str, object]
"""JSON object. Keys are written in insertion order."""


class Unit(StrEnum):
    """Unit ids of Grafana. Source: ``getValueFormats()`` of @grafana/data."""

    SECONDS = "s"
    RATIO = "percentunit"
    REQUESTS_PER_SECOND = "reqps"
    EVENTS_PER_SECOND = "ops"
    BYTES = "bytes"
    COUNT = "short"
    FACTOR = "suffix:x"
    DAYS = "d"
    NONE = "none"


class Color(StrEnum):
    """Colors by meaning. Dashboards use no other colors."""

    GOOD = "green"
    WARNING = "orange"
    BAD = "red"
    CLIENT_ERROR = "yellow"
    """4xx responses, which the caller causes."""
    INFORMATION = "light-blue"
    """Neutral events: 3xx responses, deploys."""
    NEUTRAL = "text"
    FAULT = "purple"
    """Fault that a drill injects."""
    ABSENT = "#808080"
    """Background of a missing value."""
    NONE = "transparent"
    """Background of a row without a problem."""
    P50 = "super-light-blue"
    P95 = "blue"
    P99 = "dark-blue"


SEQUENCE: Final = (
    *("dark-purple", "purple", "light-purple"),
    *("dark-blue", "blue", "light-blue", "super-light-blue"),
)
"""Colors of ordered series, none of which is good or bad."""


class ColorMode(StrEnum):
    """Color mode of series without a fixed color."""

    PALETTE = "palette-classic"
    """Color by position. The colors by name are hashes, and red among them looks like a failure."""
    BY_THRESHOLD = "thresholds"
