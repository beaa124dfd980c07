"""Redirects from the pages of Jaeger's UI to those of the viewer.

Links of Jaeger's UI, as in dashboards, runbooks and chats, lead to the same traces.
Source: Jaeger UI 2.20, `SearchTracePage/url.ts`, `TracePage/url/index.ts`.
"""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sightline.search_tags import parse_tags, tags_text
from sightline.tracestore.query.compare import comparison
from sightline.tracestore.query.metrics import Read
from sightline.tracestore.query.parameters_v1 import trace_id as parsed_trace_id
from sightline.tracestore.query.reads import Reads
from sightline.tracestore.query.responses import Answer, plain_text, with_bad_request
from sightline.tracestore.storage.reader import TraceReader
from sightline.tracestore.storage.room import Room
from sightline.tracestore.storage.store import Store

_PAGES: Final = {"/": "/traces", "/dependencies": "/map", "/monitor": "/"}
"""Path in Jaeger's UI to path in the viewer."""

_KEPT: Final = ("service", "minDuration", "maxDuration", "limit", "from", "to", "tz")
_EVERY_OPERATION: Final = "all"
_LOOKBACK: Final = re.compile(r"[1-9]\d{0,8}[smhdw]", re.ASCII)
_MICROSECONDS: Final = re.compile(r"[1-9]\d{3,18}", re.ASCII)
_SPAN_ID: Final = re.compile(r"[0-9a-f]{16}")
_COMPARED: Final = re.compile(r"([0-9a-fA-F]{1,32})\.\.\.([0-9a-fA-F]{1,32})")


class Links:
    """Handlers of the pages of Jaeger's UI."""

    def __init__(self, viewer_url: str, viewer_port: int, store: Store, reads: Reads) -> None:
        """Redirect to *viewer_url*; if it is empty, to *viewer_port* of the requested host."""
        self._reads = reads
        self._viewer_url = viewer_url
        self._viewer_port = viewer_port
        self._store = store

    def routes(self) -> list[Route]:
        """Return the route of each page."""
        pages = [Route(path, self._to(page)) for path, page in _PAGES.items()]
        return [
            *pages,
            Route("/search", self.search),
            Route("/trace/{trace_id}", with_bad_request(self.trace, plain_text)),
        ]

    async def search(self, request: Request) -> Response:
        """Redirect to the search, to the given trace, or to the comparison of two traces."""
        match request.query_params.getlist("traceID"):
            case [trace_id]:
                return RedirectResponse(f"{self._base(request)}/trace/{_segment(trace_id)}")
            case [first, second]:
                return RedirectResponse(f"/trace/{_segment(first)}...{_segment(second)}")
            case _:
                return await self._to("/traces")(request)

    async def trace(self, request: Request) -> Response:
        """Redirect to a trace and the span in `uiFind`, or compare two traces."""
        trace_id = request.path_params["trace_id"]
        if compared := _COMPARED.fullmatch(trace_id):
            trace_ids = [parsed_trace_id(text) for text in compared.groups()]
            address = f"{self._base(request)}/trace"

            def read(room: Room, _: Read) -> Response:
                return comparison(TraceReader(self._store, room), trace_ids, address)

            return await self._reads.lookup(request, "get_traces", read)
        found = request.query_params.get("uiFind", "")
        span = f"#{found}" if _SPAN_ID.fullmatch(found) else ""
        return RedirectResponse(f"{self._base(request)}/trace/{_segment(trace_id)}{span}")

    def _base(self, request: Request) -> str:
        requested = request.url.replace(scheme="http", port=self._viewer_port, path="", query="")
        return self._viewer_url or str(requested)

    def _to(self, page: str) -> Answer:
        async def redirect(request: Request) -> Response:
            query = urlencode(list(viewer_parameters(request.query_params)))
            return RedirectResponse(f"{self._base(request)}{page}{query and '?'}{query}")

        return redirect


def _segment(trace_id: str) -> str:
    """Return *trace_id* as a segment of a path."""
    return quote(trace_id, safe="")


def viewer_parameters(given: QueryParams) -> Iterator[tuple[str, str]]:
    """Yield the parameters of the viewer's search for those of Jaeger's."""
    yield from ((name, given[name]) for name in _KEPT if given.get(name))
    if (operation := given.get("operation", _EVERY_OPERATION)) != _EVERY_OPERATION:
        yield "operation", operation
    if tags := _tags(given):
        yield "tags", tags
    yield from _times(given)


def _tags(given: QueryParams) -> str:
    """Return the tags of `tags`, which is JSON or logfmt, and of `tag=key:value`."""
    tags: dict[str, str] = {}
    for text in given.getlist("tags"):
        tags |= parse_tags(text)
    for tag in given.getlist("tag"):
        key, colon, value = tag.partition(":")
        tags[key] = value if colon else "true"
    return tags_text(tags)


def _times(given: QueryParams) -> Iterator[tuple[str, str]]:
    """Yield the time range; links have `start` and `end` beside the `lookback` that was chosen."""
    start, end = given.get("start", ""), given.get("end", "")
    lookback = given.get("lookback", "")
    if _MICROSECONDS.fullmatch(start) and _MICROSECONDS.fullmatch(end):
        yield from (("from", start[:-3]), ("to", end[:-3]))
    elif _LOOKBACK.fullmatch(lookback):
        yield "from", f"now-{lookback}"
