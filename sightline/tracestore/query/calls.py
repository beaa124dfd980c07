"""Calls between services: pairs of parent and child span with different services."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from sightline.tracestore.storage.room import MAX_ITEMS, SMALL_ITEMS, Room
from sightline.tracestore.storage.rows import MAX_INTEGER
from sightline.tracestore.storage.segment import Segment
from sightline.tracestore.storage.store import Store

Edge = tuple[str, str]
"""Calling and called service."""

Services = tuple[int, int]
"""Their numbers in a segment."""

_CALLS: Final = """
SELECT parent.service, child.service, count(*)
FROM span AS child
CROSS JOIN span AS parent ON parent.trace_id = child.trace_id AND parent.span_id = child.parent_id
WHERE child.parent_id IS NOT NULL AND child.service <> parent.service
  AND child.start BETWEEN ? AND ?
GROUP BY 1, 2 ORDER BY 3 DESC LIMIT ?
"""
_NAME: Final = "SELECT name FROM service WHERE id = ?"


class Calls:
    """Number of calls between services; the counts of full segments are cached."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cached: dict[Segment, Counter[Services]] = {}

    def between(self, start: int, end: int, room: Room, *, service: str = "") -> Counter[Edge]:
        """Return the calls with a child span that started from *start* to *end*, in nanoseconds.

        Args:
            start: Nanoseconds since 1970.
            end: Nanoseconds since 1970.
            room: Room of the response.
            service: Only calls from or to it; empty: all.

        Raises:
            NeedsMoreRoom: The room is small, and there is none left.
        """
        total: Counter[Edge] = Counter()
        for segment, calls in self._counts(start, end):
            names = _names_of(segment)
            wanted = segment.service_id(service)
            for numbers, count in calls.items():
                if service and wanted not in numbers:
                    continue
                edge = names(numbers[0]), names(numbers[1])
                if edge not in total and not room.take(len(edge[0]) + len(edge[1])):
                    return total
                total[edge] += count
        return total

    def _counts(self, start: int, end: int) -> Iterator[tuple[Segment, Counter[Services]]]:
        *full, newest = self._store.segments
        yield newest, _count(newest, start, end)
        for segment in full:
            first, last = segment.starts
            covered = start <= first and last <= end
            yield segment, self._count_all(segment) if covered else _count(segment, start, end)

    def _count_all(self, segment: Segment) -> Counter[Services]:
        alive = set(self._store.segments)
        self._cached = {kept: calls for kept, calls in self._cached.items() if kept in alive}
        if segment in self._cached:
            return self._cached[segment]
        counted = _count(segment, 0, MAX_INTEGER)
        if len(counted) <= SMALL_ITEMS:
            self._cached[segment] = counted
        return counted


def _count(segment: Segment, start: int, end: int) -> Counter[Services]:
    """Return the calls in *segment*, the most frequent ones."""
    earliest, latest = (min(max(bound, -1), MAX_INTEGER) for bound in (start, end))
    rows = segment.select(_CALLS, (earliest, latest, MAX_ITEMS))
    return Counter({(caller, called): calls for caller, called, calls in rows})


def _names_of(segment: Segment) -> Callable[[int], str]:
    """Return a function that reads the name of a service in *segment*, each once."""

    @cache
    def name(number: int) -> str:
        return next((found for (found,) in segment.select(_NAME, (number,))), "")

    return name
