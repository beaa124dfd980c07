"""Trace search, newest first.

As in Jaeger with Badger, a trace matches if one of its spans has the service, the operation and a
start in the time range. Each tag must be on a span of that service. The duration may be that of
any span of the trace.
"""

import heapq
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Final

from sightline.tracestore.storage.rows import MAX_INTEGER
from sightline.tracestore.storage.segment import Segment
from sightline.tracestore.storage.store import Store
from sightline.tracestore.storage.tokens import Tag, origin_tags, span_tags, token
from sightline.tracestore.storage.trace import Trace

DEFAULT_LIMIT: Final = 100
"""Source: Jaeger, `defaultQueryLimit`."""

MAX_LIMIT: Final = 10_000
"""Upper bound of a query's limit; so many traces are about 60 MB."""

_MATCHING_SPANS: Final = "id IN (SELECT rowid FROM tag WHERE tag MATCH ?)"
_MATCHING_ORIGINS: Final = "SELECT id FROM origin WHERE instr(tokens, ?)"

Found = tuple[int, bytes]
"""Start in nanoseconds and trace id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Search condition; times and durations in nanoseconds."""

    start: int
    end: int
    service: str = ""
    """Empty: any."""
    operation: str = ""
    """Empty: any."""
    tags: Mapping[str, str] = field(default_factory=dict)
    min_duration: int = 0
    max_duration: int = 0
    """0: no limit."""
    limit: int = DEFAULT_LIMIT
    """Maximum number of traces; below 1: the default."""


def find(store: Store, query: Query) -> Iterator[Trace]:
    """Yield the traces that match *query*, newest first."""
    remaining = min(query.limit, MAX_LIMIT) if query.limit > 0 else DEFAULT_LIMIT
    for trace_id in _trace_ids(store, query):
        trace = store.trace(trace_id)
        # Empty, if its file was dropped since the search.
        if trace.spans and _has_tags(trace, query):
            yield trace
            remaining -= 1
        if not remaining:
            return


def _trace_ids(store: Store, query: Query) -> Iterator[bytes]:
    """Yield candidates; a collision of two tags' tokens can make one wrong."""
    with ExitStack() as opened:
        conditions = list(_conditions(store, query))
        if not all(conditions):
            return
        streams = [opened.enter_context(closing(_spans(s, query))) for s in store.segments]
        seen: set[bytes] = set()
        for _, trace_id in heapq.merge(*streams, reverse=True):
            if trace_id not in seen and all(trace_id in condition for condition in conditions):
                yield trace_id
            seen.add(trace_id)


def _spans(segment: Segment, query: Query) -> Generator[Found, None, None]:
    """Yield the spans of service and operation in *segment*, newest first."""
    where, values = _where(segment, query)
    if where:
        yield from segment.select(
            f"SELECT start, trace_id FROM span WHERE {where} ORDER BY start DESC",
            values,
        )


def _where(segment: Segment, query: Query) -> tuple[str, list[int]]:
    """Return the SQL condition on service, operation and time; empty if nothing can match."""
    where, values = "start BETWEEN ? AND ?", [max(query.start, 0), min(query.end, MAX_INTEGER)]
    if query.service:
        service = segment.service_id(query.service)
        if service is None:
            return "", []
        where, values = f"service = ? AND {where}", [service, *values]
    if query.operation:
        ids = segment.operation_ids(query.service, query.operation)
        where, values = f"{where} AND operation IN ({_placeholders(ids)})", [*values, *ids]
    return where, values


def _placeholders(values: Sequence[int]) -> str:
    return ", ".join("?" * len(values))


def _conditions(store: Store, query: Query) -> Iterator[set[bytes]]:
    """Yield the matching traces of each tag and of the duration."""
    for tag in query.tags.items():
        yield {found for segment in store.segments for found in _tagged(segment, query, tag)}
    if query.min_duration or query.max_duration:
        yield {found for segment in store.segments for found in _with_duration(segment, query)}


def _tagged(segment: Segment, query: Query, tag: Tag) -> Iterator[bytes]:
    where, values = _where(segment, Query(start=query.start, end=query.end, service=query.service))
    if not where:
        return
    tag_token = token(tag)
    prefix = f"SELECT trace_id FROM span WHERE {where} AND "
    # Two queries, because one with OR would read the origin of every span.
    yield from _ids(segment.select(f"{prefix} {_MATCHING_SPANS}", [*values, f'"{tag_token}"']))
    if any(segment.select(_MATCHING_ORIGINS, [tag_token])):
        yield from _ids(
            segment.select(f"{prefix} origin IN ({_MATCHING_ORIGINS})", [*values, tag_token])
        )


def _ids(rows: Iterator[tuple[bytes]]) -> Iterator[bytes]:
    return (trace_id for (trace_id,) in rows)


def _with_duration(segment: Segment, query: Query) -> Iterator[bytes]:
    rows = segment.select(
        "SELECT trace_id FROM span INDEXED BY span_search"
        " WHERE start BETWEEN ? AND ? AND duration BETWEEN ? AND ?",
        _with_duration_values(query),
    )
    yield from _ids(rows)


def _with_duration_values(query: Query) -> Sequence[int]:
    longest = query.max_duration or MAX_INTEGER
    return (max(query.start, 0), min(query.end, MAX_INTEGER), query.min_duration, longest)


def _has_tags(trace: Trace, query: Query) -> bool:
    """Return true if each tag is on a span of the service, compared by text."""
    wanted = set(query.tags.items())
    for stored in trace.spans:
        if not wanted:
            return True
        if not query.service or stored.service == query.service:
            wanted.difference_update(span_tags(stored.span), origin_tags(stored.origin))
    return not wanted
