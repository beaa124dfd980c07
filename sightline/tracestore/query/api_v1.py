"""Jaeger's v1 query API; clients are Grafana's data source and the trace page of Jaeger's UI."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sightline.tracestore.query.adjust import prepare
from sightline.tracestore.query.calls import Calls
from sightline.tracestore.query.json_body import JSONBody
from sightline.tracestore.query.json_v1 import Object, add_trace, envelope, trace_id_text
from sightline.tracestore.query.metrics import Read
from sightline.tracestore.query.outbox import Outbox
from sightline.tracestore.query.parameters_v1 import (
    DEFAULT_DEPENDENCY_LOOKBACK,
    MICROSECOND,
    MILLISECOND,
    bool_parameter,
    path_trace_id,
    search_query,
    time_parameter,
    trace_ids,
)
from sightline.tracestore.query.reads import Reads
from sightline.tracestore.query.responses import (
    BadParameter,
    json_answer,
    with_bad_request,
)
from sightline.tracestore.query.search import find
from sightline.tracestore.storage.attributes import JSON
from sightline.tracestore.storage.reader import TraceReader
from sightline.tracestore.storage.room import Room
from sightline.tracestore.storage.store import Store
from sightline.tracestore.storage.trace import Trace

NOT_FOUND: Final = "trace not found"
NO_ROOM: Final = "the response is too large: ask for fewer traces"


def failure(message: str, status: int) -> Response:
    """Return an error in the format of v1."""
    return json_answer(envelope(None, errors=[{"code": status, "msg": message}]), status)


class ApiV1:
    """Handlers of `/api/...`."""

    def __init__(self, store: Store, reads: Reads, outbox: Outbox) -> None:
        self._store = store
        self._reads = reads
        self._outbox = outbox
        self._calls = Calls(store)

    def routes(self) -> list[Route]:
        """Return every route of v1 that reads spans."""
        return [
            Route("/api/services", with_bad_request(self.services, failure)),
            Route(
                "/api/services/{service:path}/operations",
                with_bad_request(self.operation_names, failure),
            ),
            Route("/api/operations", with_bad_request(self.operations, failure)),
            Route("/api/traces", with_bad_request(self.search, failure)),
            Route("/api/traces/{trace_id}", with_bad_request(self.trace, failure)),
            Route("/api/dependencies", with_bad_request(self.dependencies, failure)),
            Route("/api/archive/{trace_id}", self.archive, methods=["POST"]),
        ]

    async def services(self, request: Request) -> Response:
        """Answer with the names of all services."""

        def read(room: Room, _: Read) -> JSONBody:
            names = self._store.services(room)
            return JSONBody.list_of(envelope([], total=len(names)), "data", names)

        return self._outbox.json(await self._reads.lookup(request, "get_services", read))

    async def operation_names(self, request: Request) -> Response:
        """Answer with the operations of a service; `null` for an unknown service."""
        service = request.path_params["service"]

        def read(room: Room, _: Read) -> JSONBody:
            names = self._store.operations(service, room)
            if not names:
                return JSONBody.of(envelope(None))
            return JSONBody.list_of(envelope([], total=len(names)), "data", names)

        return self._outbox.json(await self._reads.lookup(request, "get_operations", read))

    async def operations(self, request: Request) -> Response:
        """Answer with operations and span kinds, which Badger does not store."""
        service = request.query_params.get("service", "")
        if not service:
            raise BadParameter("parameter 'service' is required")

        def read(room: Room, _: Read) -> JSONBody:
            names = self._store.operations(service, room)
            found = ({"name": name, "spanKind": ""} for name in names)
            return JSONBody.list_of(envelope([], total=len(names)), "data", found)

        return self._outbox.json(await self._reads.lookup(request, "get_operations", read))

    async def search(self, request: Request) -> Response:
        """Answer with the traces that match a query, or with the requested ids."""
        parameters = request.query_params
        raw = bool_parameter(parameters, "raw")
        if ids := trace_ids(parameters):
            return await self._get_by_ids(request, ids, raw=raw)
        query = search_query(parameters)
        if query.start > query.end:
            return failure("min start time is above max", 500)

        def read(room: Room, _: Read) -> JSONBody:
            traces = list(find(self._store, query, TraceReader(self._store, room)))
            return _traces_body(traces, raw=raw)

        return self._outbox.json(await self._reads.search(request, "find_traces", read))

    async def _get_by_ids(self, request: Request, ids: list[bytes], *, raw: bool) -> Response:
        def read(room: Room, _: Read) -> JSONBody:
            reader = TraceReader(self._store, room)
            traces = [reader.trace(identifier) for identifier in ids]
            errors = [_missing(trace, reader) for trace in traces if not trace.spans]
            return _traces_body(traces, raw=raw, errors=errors)

        return self._outbox.json(await self._reads.lookup(request, "get_traces", read))

    async def trace(self, request: Request) -> Response:
        """Answer with one trace; `start` and `end` are validated and otherwise ignored."""
        try:
            identifier = path_trace_id(request.path_params["trace_id"])
        except ValueError as error:
            return failure(str(error), 400)
        for name in ("start", "end"):
            time_parameter(request.query_params, name, MICROSECOND, 0)
        raw = bool_parameter(request.query_params, "raw")

        def read(room: Room, outcome: Read) -> JSONBody | None:
            trace = TraceReader(self._store, room).trace(identifier)
            outcome.result = "ok" if trace.spans else "err"
            return _traces_body([trace], raw=raw) if trace.spans else None

        body = await self._reads.lookup(request, "get_trace", read)
        return self._outbox.json(body) if body else failure(NOT_FOUND, 404)

    async def dependencies(self, request: Request) -> Response:
        """Answer with the number of calls between services."""
        parameters = request.query_params
        end = time_parameter(parameters, "endTs", MILLISECOND, time.time_ns())
        lookback = time_parameter(parameters, "lookback", MILLISECOND, DEFAULT_DEPENDENCY_LOOKBACK)
        if lookback < 0:
            return failure("the lookback is negative", 500)
        service = parameters.get("service", "")

        def read(room: Room, _: Read) -> JSONBody:
            calls = self._calls.between(end - lookback, end, room, service=service)
            found: Iterator[Object] = (
                {"parent": parent, "child": child, "callCount": count}
                for (parent, child), count in calls.items()
            )
            return JSONBody.list_of(envelope([]), "data", found)

        return self._outbox.json(await self._reads.search(request, "", read))

    async def archive(self, _request: Request) -> Response:
        """Answer that archiving is not configured."""
        return failure("archive span storage was not configured", 500)


def _traces_body(traces: Iterable[Trace], *, raw: bool, errors: Sequence[JSON] = ()) -> JSONBody:
    """Return the response with those of *traces* that have spans."""
    body = JSONBody()
    with body.items_of(envelope([], errors=errors), "data"):
        for trace in traces:
            if trace.spans and not body.full:
                add_trace(body, *prepare(trace, raw=raw))
    return body


def _missing(trace: Trace, reader: TraceReader) -> JSON:
    """Return the error of a *trace* without spans."""
    message = NO_ROOM if reader.full else NOT_FOUND
    return {"msg": message, "traceID": trace_id_text(trace.trace_id)}
