"""`POST /api/transform`: OTLP/JSON to Jaeger's v1 JSON; nothing is stored.

Jaeger's UI sends a file here that a user opens on its search page.
"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sightline.tracestore.ingest import otlp
from sightline.tracestore.query.api_v1 import failure
from sightline.tracestore.query.json_v1 import envelope, trace_json
from sightline.tracestore.query.responses import json_answer
from sightline.tracestore.storage.trace import traces_of


def transform_route() -> Route:
    """Return the route of the query port that converts an uploaded file."""
    return Route("/api/transform", _transform, methods=["POST"])


async def _transform(request: Request) -> Response:
    try:
        body = await otlp.read_body(request.stream())
        traces = traces_of(await run_in_threadpool(otlp.from_json, body))
    except otlp.MalformedRequest as error:
        return failure(f"cannot unmarshal OTLP: {error}", 400)
    return json_answer(envelope([trace_json(trace) for trace in traces]))
