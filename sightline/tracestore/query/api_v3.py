"""Jaeger's v3 query API; its client is the search page of Jaeger's UI."""

from collections.abc import Iterator, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sightline.tracestore.query import parameters_v3
from sightline.tracestore.query.adjust import prepare, repair, repaired
from sightline.tracestore.query.json_body import JSONBody
from sightline.tracestore.query.json_v3 import add_trace, summary_json
from sightline.tracestore.query.metrics import Read
from sightline.tracestore.query.outbox import Outbox
from sightline.tracestore.query.reads import Reads
from sightline.tracestore.query.responses import json_answer, with_bad_request
from sightline.tracestore.query.search import Query, find
from sightline.tracestore.storage.reader import TraceReader
from sightline.tracestore.storage.room import Room
from sightline.tracestore.storage.store import Store
from sightline.tracestore.storage.trace import Trace

NOT_FOUND: Final = "No traces found"


def failure(message: str, status: int) -> Response:
    """Return an error in the format of v3."""
    return json_answer({"error": {"httpCode": status, "message": message}}, status)


class ApiV3:
    """Handlers of `/api/v3/...`."""

    def __init__(self, store: Store, reads: Reads, outbox: Outbox) -> None:
        self._store = store
        self._reads = reads
        self._outbox = outbox

    def routes(self) -> list[Route]:
        """Return every route of v3."""
        return [
            Route("/api/v3/services", with_bad_request(self.services, failure)),
            Route("/api/v3/operations", with_bad_request(self.operations, failure)),
            Route("/api/v3/traces", with_bad_request(self.search, failure)),
            Route("/api/v3/trace-summaries", with_bad_request(self.summaries, failure)),
            Route("/api/v3/traces/{trace_id}", with_bad_request(self.trace, failure)),
        ]

    async def services(self, request: Request) -> Response:
        """Answer with the names of all services."""

        def read(room: Room, _: Read) -> JSONBody:
            return JSONBody.list_of({"services": []}, "services", self._store.services(room))

        return self._outbox.json(await self._reads.lookup(request, "get_services", read))

    async def operations(self, request: Request) -> Response:
        """Answer with the operations of a service; Badger stores no kind, so all are internal."""
        service = request.query_params.get("service", "")

        def read(room: Room, _: Read) -> JSONBody:
            names = self._store.operations(service, room)
            found = ({"name": name, "spanKind": "internal"} for name in names)
            return JSONBody.list_of({"operations": []}, "operations", found)

        return self._outbox.json(await self._reads.lookup(request, "get_operations", read))

    async def search(self, request: Request) -> Response:
        """Answer with the traces that match a query."""
        query = parameters_v3.search_query(request.query_params)
        raw = parameters_v3.raw(request.query_params, parameters_v3.RAW_SEARCH)

        def read(room: Room, _: Read) -> JSONBody | None:
            return _traces_body(list(self._find(query, room)), raw=raw)

        return self._traces(await self._reads.search(request, "find_traces", read))

    async def summaries(self, request: Request) -> Response:
        """Answer with a summary of each trace that matches a query."""
        query = parameters_v3.search_query(request.query_params)
        parameters_v3.raw(request.query_params, parameters_v3.RAW_SEARCH)

        def read(room: Room, _: Read) -> JSONBody:
            found = (summary_json(repair(each), repaired) for each in self._find(query, room))
            return JSONBody.list_of({"summaries": []}, "summaries", found)

        return self._outbox.json(await self._reads.search(request, "find_trace_summaries", read))

    def _find(self, query: Query, room: Room) -> Iterator[Trace]:
        return find(self._store, query, TraceReader(self._store, room))

    async def trace(self, request: Request) -> Response:
        """Answer with one trace."""
        identifier = parameters_v3.trace_id(request.path_params["trace_id"])
        parameters_v3.check_window(request.query_params)
        raw = parameters_v3.raw(request.query_params, parameters_v3.RAW_TRACE)

        def read(room: Room, outcome: Read) -> JSONBody | None:
            trace = TraceReader(self._store, room).trace(identifier)
            outcome.result = "ok" if trace.spans else "err"
            return _traces_body([trace] if trace.spans else [], raw=raw)

        return self._traces(await self._reads.lookup(request, "get_trace", read))

    def _traces(self, body: JSONBody | None) -> Response:
        return self._outbox.json(body) if body else failure(NOT_FOUND, 404)


def _traces_body(traces: Sequence[Trace], *, raw: bool) -> JSONBody | None:
    """Return the response with *traces*; None without any."""
    if not traces:
        return None
    body = JSONBody()
    with body.items_of({"result": {"resourceSpans": []}}, "resourceSpans"):
        for trace in traces:
            add_trace(body, *prepare(trace, raw=raw))
            if body.full:
                break
    return body
