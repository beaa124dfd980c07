"""Who calls whom: pairs of parent and child span whose services differ."""

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
    """Counts calls between services; a full segment never changes, so it is counted once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counted: dict[Segment, Counter[Edge]] = {}

    def between(self, start: int, end: int) -> Counter[Edge]:
        """Calls whose called span began between *start* and *end*, nanoseconds since 1970."""
        *full, newest = self._store.segments
        total = _count(newest, start, end)
        for segment in full:
            first, last = segment.starts
            covered = start <= first and last <= end
            total += self._whole(segment) if covered else _count(segment, start, end)
        return total

    def _whole(self, segment: Segment) -> Counter[Edge]:
        alive = set(self._store.segments)
        self._counted = {kept: calls for kept, calls in self._counted.items() if kept in alive}
        if segment not in self._counted:
            self._counted[segment] = _count(segment, 0, MAX_INTEGER)
        return self._counted[segment]


def _count(segment: Segment, start: int, end: int) -> Counter[Edge]:
    rows = segment.select(_CALLS, (max(start, 0), min(end, MAX_INTEGER)))
    return Counter({(caller, called): calls for caller, called, calls in rows})
