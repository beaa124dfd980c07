"""`POST /api/transform`: OTLP/JSON to Jaeger's v1 JSON; nothing is stored.

Jaeger's UI sends a file here that a user opens on its search page.
"""

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from sightline.tracestore.ingest import otlp
from sightline.tracestore.ingest.errors import MalformedRequest, Refused
from sightline.tracestore.ingest.intake import Intake
from sightline.tracestore.query.adjust import limited
from sightline.tracestore.query.api_v1 import failure
from sightline.tracestore.query.json_body import JSONBody
from sightline.tracestore.query.json_v1 import add_trace, envelope
from sightline.tracestore.query.outbox import Outbox
from sightline.tracestore.storage.room import Room
from sightline.tracestore.storage.trace import traces_of


def transform_route(intake: Intake, outbox: Outbox) -> Route:
    """Return the route of the query port that converts an uploaded file."""

    async def transform(request: Request) -> Response:
        try:
            return outbox.json(await intake.read(request.stream(), _converted))
        except ClientDisconnect:
            return failure("the client left before the end of the body", 400)
        except MalformedRequest as error:
            return failure(f"cannot unmarshal OTLP: {error}", 400)
        except Refused as error:
            return failure(str(error), 503)

    return Route("/api/transform", transform, methods=["POST"])


def _converted(body: bytes) -> JSONBody:
    traces = traces_of(otlp.from_json(body), Room.large())
    converted = JSONBody()
    with converted.items_of(envelope([]), "data"):
        for trace in traces:
            if not converted.full:
                add_trace(converted, trace, limited)
    return converted
