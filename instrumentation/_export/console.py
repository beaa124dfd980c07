"""Exporter that prints each request as a tree of its spans."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, TextIO

from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode, format_span_id, format_trace_id

from instrumentation._support.fork import new_lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opentelemetry.sdk.trace import ReadableSpan

MAX_WAITING: Final = 1000
"""Limit on spans that wait for the end of their parent. Beyond it, the oldest is printed alone."""

_MAX_PRINTED: Final = 10_000
"""Number of printed spans that are remembered, to print a child that ends later at once."""

_NANOSECONDS: Final = 1_000_000
"""Nanoseconds of a millisecond."""


class ConsoleExporter(SpanExporter):
    """Exporter that writes a tree when its root in this process ends. Thread-safe.

    A span without parent is a root, one with a remote parent, and one whose parent is printed: a
    background task may end after its request.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lock = new_lock()
        self._waiting: dict[int, ReadableSpan] = {}
        self._printed: dict[int, None] = {}
        """Ids in the order of printing, as keys, because each span is looked up."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write the trees that *spans* complete."""
        with self._lock:
            for span in spans:
                self._waiting[_id(span)] = span
                if self._is_root(span):
                    self._write(span)
            while len(self._waiting) > MAX_WAITING:
                self._write(next(iter(self._waiting.values())))
        return SpanExportResult.SUCCESS

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Write the spans whose root has not ended."""
        del timeout_millis
        with self._lock:
            while self._waiting:
                tops = (span for span in self._waiting.values() if not self._parent_waits(span))
                self._write(next(tops))
        return True

    def shutdown(self) -> None:
        """Write the spans whose root has not ended."""
        self.force_flush()

    def _is_root(self, span: ReadableSpan) -> bool:
        parent = span.parent
        return parent is None or parent.is_remote or parent.span_id in self._printed

    def _parent_waits(self, span: ReadableSpan) -> bool:
        return span.parent is not None and span.parent.span_id in self._waiting

    def _write(self, root: ReadableSpan) -> None:
        service = root.resource.attributes.get("service.name", "")
        trace_id = format_trace_id(root.context.trace_id)
        lines = [f"trace {trace_id}  {service}", *self._lines(root)]
        self._out.write("\n".join(lines) + "\n")
        self._out.flush()

    def _remember(self, span_id: int) -> None:
        self._printed[span_id] = None
        if len(self._printed) > _MAX_PRINTED:
            del self._printed[next(iter(self._printed))]

    def _lines(self, root: ReadableSpan) -> Iterator[str]:
        """Yield the lines of *root* and of its descendants, and forget them."""
        children: dict[int, list[ReadableSpan]] = {}
        for span in self._waiting.values():
            if span.parent is not None:
                children.setdefault(span.parent.span_id, []).append(span)
        # A stack instead of recursion, because a trace may be deeper than Python's stack.
        stack = [(root, "", "")]
        while stack:
            span, first, indent = stack.pop()
            del self._waiting[_id(span)]
            self._remember(_id(span))
            below = sorted(children.get(_id(span), ()), key=lambda child: child.start_time or 0)
            yield first + _title(span)
            bar = "│  " if below else "   "
            yield from (f"{indent}{bar}{line}" for line in _details(span))
            for child in reversed(below):
                turn, straight = ("└─ ", "   ") if child is below[-1] else ("├─ ", "│  ")
                stack.append((child, indent + turn, indent + straight))


def _id(span: ReadableSpan) -> int:
    span_id: int = span.context.span_id
    return span_id


def _title(span: ReadableSpan) -> str:
    status = span.status
    failed = f"  ERROR {status.description or ''}" if status.status_code is StatusCode.ERROR else ""
    return f"{span.name}  {span.kind.name}  {_millis(span, span.end_time)}{failed}".rstrip()


def _details(span: ReadableSpan) -> Iterator[str]:
    parent = f"  parent {format_span_id(span.parent.span_id)}" if span.parent else ""
    remote = " (remote)" if span.parent and span.parent.is_remote else ""
    yield f"span {format_span_id(_id(span))}{parent}{remote}"
    if span.attributes:
        yield _pairs(span.attributes)
    for event in span.events:
        moment = _millis(span, event.timestamp)
        yield f"event {event.name} after {moment}  {_pairs(event.attributes or {})}".rstrip()
    for link in span.links:
        trace_id, span_id = link.context.trace_id, link.context.span_id
        yield f"link to span {format_span_id(span_id)} of trace {format_trace_id(trace_id)}"


def _millis(span: ReadableSpan, moment: int | None) -> str:
    return f"{((moment or 0) - (span.start_time or 0)) / _NANOSECONDS:.1f} ms"


def _pairs(attributes: Mapping[str, object]) -> str:
    return "  ".join(
        f"{name}={json.dumps(value, ensure_ascii=False, default=str)}"
        for name, value in attributes.items()
    )
