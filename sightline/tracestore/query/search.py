"""Trace search, newest first.

As in Jaeger with Badger, a trace matches if one of its spans has the service, the operation and a
start in the time range. Each tag must be on a span of that service. The duration may be that of
any span of the trace.
"""

import heapq
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Final

from sightline.tracestore.storage.reader import TraceReader
from sightline.tracestore.storage.rows import MAX_INTEGER
from sightline.tracestore.storage.segment import Segment
from sightline.tracestore.storage.store import Store
from sightline.tracestore.storage.tokens import Tag, origin_tags, span_tags, token
from sightline.tracestore.storage.trace import Trace

DEFAULT_LIMIT: Final = 100
"""Source: Jaeger, `defaultQueryLimit`."""

MAX_LIMIT: Final = 1500
"""Upper bound of a query's limit. Source: Jaeger's UI, `SearchForm`."""

_OPERATIONS: Final = "operation IN (SELECT value FROM json_each(?))"
"""One variable for any number of ids: SQLite accepts 32,766 variables by default."""

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


def find(store: Store, query: Query, reader: TraceReader) -> Iterator[Trace]:
    """Yield the traces that match *query*, newest first, while *reader* has room for them.

    The last one may be incomplete.
    """
    remaining = min(query.limit, MAX_LIMIT) if query.limit > 0 else DEFAULT_LIMIT
    for trace_id in _trace_ids(store, query):
        trace = reader.trace(trace_id)
        # Without spans, its file was dropped since the search. Without all spans, the tags may be
        # on others.
        if trace.spans and (reader.full or _has_tags(trace, query)):
            yield trace
            remaining -= 1
        if reader.full or not remaining:
            return


def _trace_ids(store: Store, query: Query) -> Iterator[bytes]:
    """Yield candidates; a collision of two tags' tokens can make one wrong."""
    matching = _matching(store, query)
    if matching is not None and not matching:
        return
    with ExitStack() as opened:
        streams = [opened.enter_context(closing(_spans(s, query))) for s in store.segments]
        seen: set[bytes] = set()
        for _, trace_id in heapq.merge(*streams, reverse=True):
            if matching is None and trace_id not in seen:
                seen.add(trace_id)
                yield trace_id
            elif matching is not None and trace_id in matching:
                matching.remove(trace_id)
                yield trace_id


def _matching(store: Store, query: Query) -> set[bytes] | None:
    """Return the traces that fulfill every condition on tags and duration; None without one.

    The result of a condition is not kept, because it can be every trace of the store.
    """
    matching: set[bytes] | None = None
    for condition in _conditions(store, query):
        matching = set(condition) if matching is None else matching.intersection(condition)
        if not matching:
            break
    return matching


def _spans(segment: Segment, query: Query) -> Generator[Found, None, None]:
    """Yield the spans of service and operation in *segment*, newest first."""
    where, values = _where(segment, query)
    if where:
        yield from segment.select(
            f"SELECT start, trace_id FROM span WHERE {where} ORDER BY start DESC",
            values,
        )


def _where(segment: Segment, query: Query) -> tuple[str, list[int | str]]:
    """Return the SQL condition on service, operation and time; empty if nothing can match."""
    where = "start BETWEEN ? AND ?"
    values: list[int | str] = [max(query.start, 0), min(query.end, MAX_INTEGER)]
    if query.service:
        service = segment.service_id(query.service)
        if service is None:
            return "", []
        where, values = f"service = ? AND {where}", [service, *values]
    if query.operation:
        ids = segment.operation_ids(query.service, query.operation)
        where, values = f"{where} AND {_OPERATIONS}", [*values, json.dumps(ids)]
    return where, values


def _conditions(store: Store, query: Query) -> Iterator[Iterator[bytes]]:
    """Yield the matching traces of each tag and of the duration; traces may be repeated."""
    for tag in query.tags.items():
        yield (found for segment in store.segments for found in _with_tag(segment, query, tag))
    if query.min_duration or query.max_duration:
        yield (found for segment in store.segments for found in _with_duration(segment, query))


def _with_tag(segment: Segment, query: Query, tag: Tag) -> Iterator[bytes]:
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
    origins: set[int] = set()
    for stored in trace.spans:
        if not wanted:
            return True
        if not query.service or stored.service == query.service:
            wanted.difference_update(span_tags(stored.span))
            if id(stored.origin) not in origins:
                origins.add(id(stored.origin))
                wanted.difference_update(origin_tags(stored.origin))
    return not wanted
