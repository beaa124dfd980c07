"""Jaeger's v3 query API; its client is the search page of Jaeger's UI."""

from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sightline.tracestore.query import parameters_v3
from sightline.tracestore.query.adjust import adjust, repair
from sightline.tracestore.query.json_v3 import summary_json, traces_json
from sightline.tracestore.query.metrics import ReadMetrics
from sightline.tracestore.query.responses import json_answer, with_bad_request
from sightline.tracestore.query.search import Query, find
from sightline.tracestore.storage.store import Store
from sightline.tracestore.storage.trace import Trace

NOT_FOUND: Final = "No traces found"


def failure(message: str, status: int) -> Response:
    """Return an error in the format of v3."""
    return json_answer({"error": {"httpCode": status, "message": message}}, status)


class ApiV3:
    """Handlers of `/api/v3/...`."""

    def __init__(self, store: Store, metrics: ReadMetrics) -> None:
        self._store = store
        self._metrics = metrics

    def routes(self) -> list[Route]:
        """Return every route of v3."""
        return [
            Route("/api/v3/services", with_bad_request(self.services, failure)),
            Route("/api/v3/operations", with_bad_request(self.operations, failure)),
            Route("/api/v3/traces", with_bad_request(self.search, failure)),
            Route("/api/v3/trace-summaries", with_bad_request(self.summaries, failure)),
            Route("/api/v3/traces/{trace_id}", with_bad_request(self.trace, failure)),
        ]

    async def services(self, _request: Request) -> Response:
        """Answer with the names of all services."""
        with self._metrics.read("get_services"):
            names = self._store.services()
        return json_answer({"services": names})

    async def operations(self, request: Request) -> Response:
        """Answer with the operations of a service; Badger stores no kind, so all are internal."""
        with self._metrics.read("get_operations"):
            names = self._store.operations(request.query_params.get("service", ""))
        return json_answer(
            {"operations": [{"name": name, "spanKind": "internal"} for name in names]}
        )

    async def search(self, request: Request) -> Response:
        """Answer with the traces that match a query."""
        query = parameters_v3.search_query(request.query_params)
        raw = parameters_v3.raw(request.query_params, parameters_v3.RAW_SEARCH)
        return await run_in_threadpool(self._find, query, raw=raw)

    def _find(self, query: Query, *, raw: bool) -> Response:
        with self._metrics.read("find_traces"):
            traces = list(find(self._store, query))
        return _traces_response(traces, raw=raw)

    async def summaries(self, request: Request) -> Response:
        """Answer with a summary of each trace that matches a query."""
        query = parameters_v3.search_query(request.query_params)
        return await run_in_threadpool(self._summarize, query)

    def _summarize(self, query: Query) -> Response:
        with self._metrics.read("find_trace_summaries"):
            traces = list(find(self._store, query))
        summaries = [summary_json(repair(trace)) for trace in traces]
        return json_answer({"summaries": summaries})

    async def trace(self, request: Request) -> Response:
        """Answer with one trace."""
        identifier = parameters_v3.trace_id(request.path_params["trace_id"])
        parameters_v3.check_window(request.query_params)
        raw = parameters_v3.raw(request.query_params, parameters_v3.RAW_TRACE)
        return await run_in_threadpool(self._get_one, identifier, raw=raw)

    def _get_one(self, identifier: bytes, *, raw: bool) -> Response:
        with self._metrics.read("get_trace") as read:
            trace = self._store.trace(identifier)
            read.result = "ok" if trace.spans else "err"
        return _traces_response([trace] if trace.spans else [], raw=raw)


def _traces_response(traces: list[Trace], *, raw: bool) -> Response:
    if not traces:
        return failure(NOT_FOUND, 404)
    repaired = map(repair, traces)
    return json_answer(traces_json(repaired if raw else map(adjust, repaired)))
