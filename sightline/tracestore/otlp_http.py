"""OTLP over HTTP: `POST /v1/traces`, answered as Jaeger 2.20 answers it."""

import json
from typing import Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from sightline.tracestore import otlp
from sightline.tracestore.receiver import INVALID_ARGUMENT, UNAVAILABLE, Receiver, Refused
from sightline.tracestore.responses import go_app

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"

_DECODERS: Final = {PROTOBUF: otlp.from_protobuf, JSON: otlp.from_json}
_EMPTY_SUCCESS: Final = {PROTOBUF: b"\n\0", JSON: b'{"partialSuccess":{}}'}
"""An `ExportTraceServiceResponse` whose `partial_success` is there and empty."""


def otlp_app(receiver: Receiver) -> Starlette:
    """The application on the OTLP/HTTP port."""

    async def export(request: Request) -> Response:
        if request.method != "POST":
            return _refusal("405 method not allowed, supported: [POST]", 405)
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type not in _DECODERS:
            supported = f"[{JSON}, {PROTOBUF}]"
            return _refusal(f"415 unsupported media type, supported: {supported}", 415)
        return await _store(receiver, request, content_type)

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    return go_app([Route("/v1/traces", export, methods=methods)])


async def _store(receiver: Receiver, request: Request, content_type: str) -> Response:
    try:
        encoded = await otlp.whole(request.stream())
        body = otlp.decompress(encoded, request.headers.get("content-encoding", ""))
        await receiver.receive(body, _DECODERS[content_type])
    except otlp.MalformedRequest as error:
        return _status(content_type, 400, INVALID_ARGUMENT, str(error))
    except Refused as error:
        return _status(content_type, 503, UNAVAILABLE, str(error))
    except ClientDisconnect:
        return Response(status_code=400)
    return Response(_EMPTY_SUCCESS[content_type], media_type=content_type)


def _refusal(text: str, status: int) -> Response:
    return Response(text, status, headers={"Content-Type": "text/plain"})


def _status(content_type: str, http_status: int, code: int, message: str) -> Response:
    """An error as google.rpc.Status, in the form in which the request came."""
    if content_type == JSON:
        body = json.dumps({"code": code, "message": message}).encode()
    else:
        body = bytes((8, code)) + _string_field(2, message)
    return Response(body, http_status, media_type=content_type)


def _string_field(number: int, text: str) -> bytes:
    """One string of a protobuf message."""
    data = text.encode(errors="replace")
    length, head = len(data), bytearray((number << 3 | 2,))
    while length > 0x7F:  # noqa: PLR2004  seven bits to a byte, the eighth says that more follow
        head.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes((*head, length)) + data
