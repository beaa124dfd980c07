"""Finished span as tests read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSpan:
    """Finished span."""

    name: str
    kind: str
    """``SERVER``, ``CLIENT``, ``INTERNAL``, ``PRODUCER`` or ``CONSUMER``."""
    trace_id: str
    span_id: str
    parent_id: str
    """Empty for a root."""
    attributes: Mapping[str, Any]
    events: tuple[str, ...]
    """Names of the events."""
    links: tuple[str, ...]
    """Span ids of the linked spans."""
    status: str
    """``UNSET``, ``OK`` or ``ERROR``."""
    start: int
    end: int
    """Seconds on the clock of the test."""
