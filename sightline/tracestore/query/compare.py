"""Page that compares two traces, for the links `/trace/A...B` of Jaeger's UI.

The viewer has no such page.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice
from typing import Final, NamedTuple

from starlette.responses import HTMLResponse

from sightline.tracestore.query.json_v3 import is_error
from sightline.tracestore.query.values import duration_text, time_text
from sightline.tracestore.storage.reader import TraceReader
from sightline.tracestore.storage.rows import operation_name
from sightline.tracestore.storage.trace import Trace

_MAX_ROWS: Final = 1000
_LONGEST_NAME: Final = 200
"""Operations and characters of a name on the page."""

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}
_STYLE: Final = (
    "body{font:14px sans-serif;margin:2em;background:#111217;color:#ccccdc}"
    "a{color:#6e9fff}td,th{padding:.2em 1em .2em 0;text-align:left}td+td+td{text-align:right}"
)

Operation = tuple[str, str]
"""Service and name."""


class _Totals(NamedTuple):
    """Spans of a trace by operation."""

    spans: Counter[Operation]
    nanoseconds: Counter[Operation]


def comparison(reader: TraceReader, trace_ids: Sequence[bytes], trace_url: str) -> HTMLResponse:
    """Return a page with the operations of two traces side by side; 404 if one is missing.

    *trace_url* is the address of the viewer's trace pages.
    """
    traces = [reader.trace(trace_id) for trace_id in trace_ids]
    missing = [trace.trace_id.hex() for trace in traces if not trace.spans]
    if missing and not reader.full:
        return _page(f"<p>There is no trace {' and no trace '.join(missing)}.</p>", 404)
    if missing:
        return _page("<p>The traces are too large to be compared.</p>", 200)
    head = "".join(_summary(trace, trace_url) for trace in traces)
    note = "<p>A trace is too large: its first spans are compared.</p>" if reader.full else ""
    columns = "<tr><th>service<th>operation<th>spans A<th>spans B<th>time A<th>time B<th>B - A</tr>"
    rows = "".join(islice(_rows(*map(_totals, traces)), _MAX_ROWS))
    title = "<h2>Operations, largest difference first</h2>"
    return _page(f"<table>{head}</table>{note}{title}<table>{columns}{rows}</table>", 200)


def _page(body: str, status: int) -> HTMLResponse:
    title = "Compare traces"
    head = f"<!doctype html><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>"
    return HTMLResponse(f"{head}<h1>{title}</h1>{body}", status, headers=_HEADERS)


def _summary(trace: Trace, trace_url: str) -> str:
    start = min(stored.start for stored in trace.spans)
    end = max(stored.end for stored in trace.spans)
    failed = sum(is_error(stored.span) for stored in trace.spans)
    trace_id = trace.trace_id.hex()
    cells = (
        f"<a href='{escape(trace_url)}/{trace_id}'>{trace_id}</a>",
        escape(time_text(start)),
        duration_text(max(end - start, 0)),
        f"{len(trace.spans)} spans, {failed} failed",
    )
    return f"<tr><td>{'<td>'.join(cells)}</tr>"


def _totals(trace: Trace) -> _Totals:
    spans: Counter[Operation] = Counter()
    nanoseconds: Counter[Operation] = Counter()
    for stored in trace.spans:
        operation = (stored.service, operation_name(stored.span))
        spans[operation] += 1
        nanoseconds[operation] += max(stored.end - stored.start, 0)
    return _Totals(spans, nanoseconds)


def _rows(first: _Totals, second: _Totals) -> Iterable[str]:
    """Yield a row for each operation, largest difference first."""

    def difference(operation: Operation) -> int:
        return second.nanoseconds[operation] - first.nanoseconds[operation]

    operations = sorted(first.spans.keys() | second.spans.keys())
    for operation in sorted(operations, key=lambda each: -abs(difference(each))):
        cells = (
            *(escape(name[:_LONGEST_NAME]) for name in operation),
            *(str(totals.spans[operation]) for totals in (first, second)),
            *(duration_text(totals.nanoseconds[operation]) for totals in (first, second)),
            duration_text(difference(operation)),
        )
        yield f"<tr><td>{'<td>'.join(cells)}</tr>"
