"""Conversion of an uploaded file."""

import asyncio

from starlette.types import Message

from sightline.tracestore.ingest.bodies import Bodies
from sightline.tracestore.ingest.intake import Intake
from sightline.tracestore.query.outbox import Outbox
from sightline.tracestore.transform import transform_route


def test_a_client_that_leaves_within_its_upload_is_no_error() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/api/transform", "headers": []}
    asyncio.run(transform_route(Intake(Bodies()), Outbox()).handle(scope, receive, send))

    assert sent[0]["status"] == 400
