"""A finished span as tests read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSpan:
    """A finished span."""

    name: str
    kind: str
    """``SERVER``, ``CLIENT``, ``INTERNAL``, ``PRODUCER`` or ``CONSUMER``."""
    trace_id: str
    span_id: str
    parent_id: str
    """Empty for a root."""
    attributes: Mapping[str, Any]
    events: tuple[str, ...]
    """Names."""
    links: tuple[str, ...]
    """Span ids."""
    status: str
    """``UNSET``, ``OK`` or ``ERROR``."""
    start: int
    end: int
    """Seconds on the test's own clock."""
