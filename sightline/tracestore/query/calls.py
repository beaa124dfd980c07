"""Calls between services: pairs of parent and child span with different services."""

from collections import Counter
from typing import Final

from sightline.tracestore.storage.rows import MAX_INTEGER
from sightline.tracestore.storage.segment import Segment
from sightline.tracestore.storage.store import Store

Edge = tuple[str, str]
"""Calling and called service."""

_CALLS: Final = """
SELECT caller.name, called.name, count(*)
FROM span AS child
CROSS JOIN span AS parent ON parent.trace_id = child.trace_id AND parent.span_id = child.parent_id
JOIN service AS called ON called.id = child.service
JOIN service AS caller ON caller.id = parent.service
WHERE child.parent_id IS NOT NULL AND child.service <> parent.service
  AND child.start BETWEEN ? AND ?
GROUP BY 1, 2
"""


class Calls:
    """Number of calls between services; the counts of full segments are cached."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cached: dict[Segment, Counter[Edge]] = {}

    def between(self, start: int, end: int) -> Counter[Edge]:
        """Return the calls with a child span that started from *start* to *end*, in nanoseconds."""
        *full, newest = self._store.segments
        total = _count(newest, start, end)
        for segment in full:
            first, last = segment.starts
            covered = start <= first and last <= end
            total += self._count_all(segment) if covered else _count(segment, start, end)
        return total

    def _count_all(self, segment: Segment) -> Counter[Edge]:
        alive = set(self._store.segments)
        self._cached = {kept: calls for kept, calls in self._cached.items() if kept in alive}
        if segment not in self._cached:
            self._cached[segment] = _count(segment, 0, MAX_INTEGER)
        return self._cached[segment]


def _count(segment: Segment, start: int, end: int) -> Counter[Edge]:
    earliest, latest = (min(max(bound, -1), MAX_INTEGER) for bound in (start, end))
    rows = segment.select(_CALLS, (earliest, latest))
    return Counter({(caller, called): calls for caller, called, calls in rows})
