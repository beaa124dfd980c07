"""Units and colors that our dashboards use."""

from enum import StrEnum
from typing import TypeAlias

Json: TypeAlias = dict[str, object]
"""A JSON object; keys are written in this order."""


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
    WORDS = "none"


class Color(StrEnum):
    """Colors by meaning; a dashboard uses no others."""

    GOOD = "green"
    WARNING = "orange"
    BAD = "red"
    CLIENT_ERROR = "yellow"
    """4xx responses, caused by the caller."""
    INFORMATION = "light-blue"
    """3xx responses, a deploy: neither good nor bad."""
    NEUTRAL = "text"
    FAULT = "purple"
    """A fault injected by a drill."""
    P50 = "super-light-blue"
    P95 = "blue"
    P99 = "dark-blue"


class Palette(StrEnum):
    """Color of a series without a fixed color."""

    BY_NAME = "palette-classic-by-name"
    """A service has the same color on every panel."""
    BY_THRESHOLD = "thresholds"
