"""A trace read from Jaeger's JSON, ordered: parents before children, then by start.

Times are microseconds, as Jaeger gives them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from instrumentation.conventions import Attribute
from sightline.jaeger_names import SPAN_KIND

Tags = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event of a span."""

    name: str
    after: float
    """Microseconds since the start of the trace."""
    fields: Tags


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One operation."""

    id: str
    parent: str
    service: str
    name: str
    kind: str
    start: float
    """Microseconds since the start of the trace."""
    duration: float
    error: bool
    tags: Tags
    process: Tags
    events: Sequence[Event]
    links: Sequence[tuple[str, str]]
    """Trace and span ids of linked spans."""
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A span with its depth in the tree."""

    span: Span
    depth: int
    children: int
    """Number of direct children."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The spans of one trace id."""

    id: str
    start: float
    """Microseconds since the epoch."""
    duration: float
    rows: Sequence[Row]

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read an element of ``data`` of ``/api/traces``.

        Raises:
            ValueError: The element is not a trace, or has no span.
        """
        try:
            spans, processes = list(_unique(raw["spans"])), raw["processes"]
            start = min(float(one["startTime"]) for one in spans)
            end = max(float(one["startTime"]) + float(one["duration"]) for one in spans)
            read = [_span(one, processes, start) for one in spans]
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error
        return cls(id=raw["traceID"], start=start, duration=end - start, rows=list(_tree(read)))

    @property
    def root(self) -> Span:
        """First root span."""
        return self.rows[0].span

    @property
    def services(self) -> list[tuple[str, int]]:
        """Services in order of appearance, with their number of spans."""
        names = [row.span.service for row in self.rows]
        return [(name, names.count(name)) for name in dict.fromkeys(names)]

    @property
    def errors(self) -> int:
        """Number of failed spans."""
        return sum(row.span.error for row in self.rows)

    @property
    def depth(self) -> int:
        """Number of levels of the tree."""
        return 1 + max(row.depth for row in self.rows)

    @property
    def orphans(self) -> int:
        """Number of spans whose parent is missing: not arrived yet, or lost."""
        known = {row.span.id for row in self.rows}
        return sum(bool(row.span.parent) and row.span.parent not in known for row in self.rows)


_FAILED: Final = {("error", "true"), (Attribute.OTEL_STATUS_CODE, "ERROR")}


def _unique(spans: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Drop spans with a repeated id: a store may hold a span twice."""
    return iter({one["spanID"]: one for one in spans}.values())


def _span(raw: Mapping[str, Any], processes: Mapping[str, Any], start: float) -> Span:
    tags = _tags(raw.get("tags"))
    process = processes.get(raw.get("processID", ""), {})
    references = raw.get("references") or ()
    parents = [
        one["spanID"]
        for one in references
        if one.get("refType") == "CHILD_OF" and one.get("traceID") == raw.get("traceID")
    ]
    return Span(
        id=raw["spanID"],
        parent=parents[0] if parents else "",
        service=process.get("serviceName", "unknown"),
        name=raw["operationName"],
        kind=dict(tags).get(SPAN_KIND, "internal"),
        start=float(raw["startTime"]) - start,
        duration=float(raw["duration"]),
        error=not _FAILED.isdisjoint(tags),
        tags=tags,
        process=_tags(process.get("tags")),
        events=[_event(one, start) for one in raw.get("logs") or ()],
        links=[
            (one["traceID"], one["spanID"])
            for one in references
            if one.get("refType") == "FOLLOWS_FROM" or one.get("traceID") != raw.get("traceID")
        ],
        warnings=list(raw.get("warnings") or ()),
    )


def _tags(raw: Iterable[Mapping[str, Any]] | None) -> list[tuple[str, str]]:
    return sorted((one["key"], _text(one.get("value"))) for one in raw or ())


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _event(raw: Mapping[str, Any], start: float) -> Event:
    fields = _tags(raw.get("fields"))
    named = dict(fields)
    name = named.get("event") or named.get("message") or "event"
    rest = [pair for pair in fields if pair[0] != "event"]
    return Event(name=name, after=float(raw["timestamp"]) - start, fields=rest)


def _tree(spans: Sequence[Span]) -> Iterator[Row]:
    """Yield spans below their parents; spans without a parent here are roots."""
    known = {span.id for span in spans}
    children: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda one: one.start):
        parent = span.parent if span.parent in known and span.parent != span.id else ""
        children.setdefault(parent, []).append(span)
    seen: set[str] = set()
    # A cycle of parents has no root: its first span becomes one.
    for root in [*children.get("", []), *sorted(spans, key=lambda one: one.start)]:
        stack = [(root, 0)]
        while stack:
            span, depth = stack.pop()
            if span.id not in seen:
                seen.add(span.id)
                below = [one for one in children.get(span.id, []) if one.id not in seen]
                yield Row(span=span, depth=depth, children=len(below))
                stack += [(one, depth + 1) for one in reversed(below)]
