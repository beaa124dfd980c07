"""Size of the span metrics in Prometheus' text formats, as upper bounds in bytes."""

from collections.abc import Iterable
from typing import Final

EXEMPLAR_BYTES: Final = 130
"""` # {trace_id="…",span_id="…"}` with value and time."""

_PER_LABEL: Final = len(',="" ')
_PER_LINE: Final = 47 + 13 + 12 + 4
"""Longest metric name, label `le`, a count below ten billion, and braces. The sum, which may have
more digits, has no `le`."""


def line_bytes(labels: Iterable[tuple[str, str]]) -> int:
    """Return the size of a sample with *labels*."""
    return _PER_LINE + sum(_PER_LABEL + len(name) + _escaped(value) for name, value in labels)


def _escaped(value: str) -> int:
    return len(value.encode()) + sum(map(value.count, '\\"\n'))
