"""Jaeger's v1 query API; clients are Grafana's data source and the trace page of Jaeger's UI."""

import time
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sightline.tracestore.query.adjust import adjust, repair
from sightline.tracestore.query.calls import Calls
from sightline.tracestore.query.json_v1 import envelope, trace_id_text, trace_json
from sightline.tracestore.query.metrics import ReadMetrics
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
from sightline.tracestore.query.responses import BadParameter, json_answer, with_bad_request
from sightline.tracestore.query.search import Query, find
from sightline.tracestore.storage.attributes import JSON
from sightline.tracestore.storage.store import Store
from sightline.tracestore.storage.trace import Trace

NOT_FOUND: Final = "trace not found"


def failure(message: str, status: int) -> Response:
    """Return an error in the format of v1."""
    return json_answer(envelope(None, errors=[{"code": status, "msg": message}]), status)


class ApiV1:
    """Handlers of `/api/...`."""

    def __init__(self, store: Store, metrics: ReadMetrics) -> None:
        self._store = store
        self._metrics = metrics
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

    async def services(self, _request: Request) -> Response:
        """Answer with the names of all services."""
        with self._metrics.read("get_services"):
            names = self._store.services()
        return json_answer(envelope(names, total=len(names)))

    async def operation_names(self, request: Request) -> Response:
        """Answer with the operations of a service; `null` for an unknown service."""
        with self._metrics.read("get_operations"):
            names = self._store.operations(request.path_params["service"])
        return json_answer(envelope(names or None, total=len(names)))

    async def operations(self, request: Request) -> Response:
        """Answer with operations and span kinds, which Badger does not store."""
        service = request.query_params.get("service", "")
        if not service:
            raise BadParameter("parameter 'service' is required")
        with self._metrics.read("get_operations"):
            found = [{"name": name, "spanKind": ""} for name in self._store.operations(service)]
        return json_answer(envelope(found, total=len(found)))

    async def search(self, request: Request) -> Response:
        """Answer with the traces that match a query, or with the requested ids."""
        parameters = request.query_params
        raw = bool_parameter(parameters, "raw")
        if ids := trace_ids(parameters):
            return await run_in_threadpool(self._get_by_ids, ids, raw=raw)
        query = search_query(parameters)
        if query.start > query.end:
            return failure("min start time is above max", 500)
        return await run_in_threadpool(self._find, query, raw=raw)

    def _find(self, query: Query, *, raw: bool) -> Response:
        with self._metrics.read("find_traces"):
            traces = list(find(self._store, query))
        return json_answer(envelope([_displayed(trace, raw=raw) for trace in traces]))

    def _get_by_ids(self, ids: list[bytes], *, raw: bool) -> Response:
        with self._metrics.read("get_traces"):
            traces = [self._store.trace(identifier) for identifier in ids]
        missing = [
            {"msg": NOT_FOUND, "traceID": trace_id_text(trace.trace_id)}
            for trace in traces
            if not trace.spans
        ]
        found = [_displayed(trace, raw=raw) for trace in traces if trace.spans]
        return json_answer(envelope(found, errors=missing))

    async def trace(self, request: Request) -> Response:
        """Answer with one trace; `start` and `end` are validated and otherwise ignored."""
        try:
            identifier = path_trace_id(request.path_params["trace_id"])
        except ValueError as error:
            return failure(str(error), 400)
        for name in ("start", "end"):
            time_parameter(request.query_params, name, MICROSECOND, 0)
        raw = bool_parameter(request.query_params, "raw")
        return await run_in_threadpool(self._get_one, identifier, raw=raw)

    def _get_one(self, identifier: bytes, *, raw: bool) -> Response:
        with self._metrics.read("get_trace") as read:
            trace = self._store.trace(identifier)
            read.result = "ok" if trace.spans else "err"
        if not trace.spans:
            return failure(NOT_FOUND, 404)
        return json_answer(envelope([_displayed(trace, raw=raw)]))

    async def dependencies(self, request: Request) -> Response:
        """Answer with the number of calls between services."""
        parameters = request.query_params
        end = time_parameter(parameters, "endTs", MILLISECOND, time.time_ns())
        lookback = time_parameter(parameters, "lookback", MILLISECOND, DEFAULT_DEPENDENCY_LOOKBACK)
        calls = await run_in_threadpool(self._calls.between, end - lookback, end)
        service = parameters.get("service", "")
        return json_answer(
            envelope(
                [
                    {"parent": parent, "child": child, "callCount": count}
                    for (parent, child), count in calls.items()
                    if not service or service in {parent, child}
                ]
            )
        )

    async def archive(self, _request: Request) -> Response:
        """Answer that archiving is not configured."""
        return failure("archive span storage was not configured", 500)


def _displayed(trace: Trace, *, raw: bool) -> JSON:
    return trace_json(repair(trace) if raw else adjust(repair(trace)))
