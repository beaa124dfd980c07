"""The closed vocabularies of a dashboard: units, colours and what they mean."""

from enum import StrEnum
from typing import TypeAlias

Json: TypeAlias = dict[str, object]
"""A JSON object, keys in the order in which they are written."""


class Unit(StrEnum):
    """Unit ids that Grafana knows. Source: ``getValueFormats()`` of @grafana/data."""

    SECONDS = "s"
    RATIO = "percentunit"
    REQUESTS_PER_SECOND = "reqps"
    EVENTS_PER_SECOND = "ops"
    BYTES = "bytes"
    COUNT = "short"
    FACTOR = "suffix:x"
    DAYS = "d"
    WORDS = "none"


class Colour(StrEnum):
    """Colours by what they say; a dashboard uses no other."""

    GOOD = "green"
    WARNING = "orange"
    BAD = "red"
    CLIENT_ERROR = "yellow"
    """Answers 4xx: the caller's doing."""
    INFORMATION = "light-blue"
    """Answers 3xx, a deploy: worth knowing, neither good nor bad."""
    NEUTRAL = "text"
    FAULT = "purple"
    """A fault that a drill injects."""
    P50 = "super-light-blue"
    P95 = "blue"
    P99 = "dark-blue"


class Palette(StrEnum):
    """How a series without a colour of its own gets one."""

    BY_NAME = "palette-classic-by-name"
    """A service has the same colour on every panel."""
    BY_THRESHOLD = "thresholds"
