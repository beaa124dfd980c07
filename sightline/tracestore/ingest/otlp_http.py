"""OTLP/HTTP receiver: `POST /v1/traces`, with the status codes of Jaeger 2.20."""

import json
from typing import Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from sightline.tracestore.ingest import otlp
from sightline.tracestore.ingest.errors import MalformedRequest, Refused, TooManyItems
from sightline.tracestore.ingest.receiver import INVALID_ARGUMENT, UNAVAILABLE, Receiver

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"

_DECODERS: Final = {PROTOBUF: otlp.from_protobuf, JSON: otlp.from_json}
_SEVEN_BITS: Final = 0x7F
"""Payload of a byte in a varint; its eighth bit marks a following byte."""

_EMPTY_SUCCESS: Final = {PROTOBUF: b"\n\0", JSON: b'{"partialSuccess":{}}'}
"""`ExportTraceServiceResponse` with an empty `partial_success`."""


def otlp_app(receiver: Receiver) -> Starlette:
    """Return the application of the OTLP/HTTP port."""

    async def export(request: Request) -> Response:
        if request.method != "POST":
            return _plain_error("405 method not allowed, supported: [POST]", 405)
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type not in _DECODERS:
            supported = f"[{JSON}, {PROTOBUF}]"
            return _plain_error(f"415 unsupported media type, supported: {supported}", 415)
        return await _export_response(receiver, request, content_type)

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    app = Starlette(routes=[Route("/v1/traces", export, methods=methods)])
    app.router.redirect_slashes = False
    return app


async def _export_response(receiver: Receiver, request: Request, content_type: str) -> Response:
    try:
        encoding = request.headers.get("content-encoding", "")
        await receiver.receive(request.stream(), _DECODERS[content_type], encoding=encoding)
    except MalformedRequest as error:
        status = 413 if isinstance(error, TooManyItems) else 400
        return _status_response(content_type, status, INVALID_ARGUMENT, str(error))
    except Refused as error:
        return _status_response(content_type, 503, UNAVAILABLE, str(error))
    except ClientDisconnect:
        return Response(status_code=400)
    return Response(_EMPTY_SUCCESS[content_type], media_type=content_type)


def _plain_error(text: str, status: int) -> Response:
    return Response(text, status, headers={"Content-Type": "text/plain"})


def _status_response(content_type: str, http_status: int, code: int, message: str) -> Response:
    """Return an error as google.rpc.Status in the encoding of the request."""
    if content_type == JSON:
        body = json.dumps({"code": code, "message": message}).encode()
    else:
        body = bytes((8, code)) + _string_field(2, message)
    return Response(body, http_status, media_type=content_type)


def _string_field(number: int, text: str) -> bytes:
    """Return the encoded protobuf field *number* with *text*."""
    data = text.encode(errors="replace")
    length, head = len(data), bytearray((number << 3 | 2,))
    while length > _SEVEN_BITS:
        head.append(length & _SEVEN_BITS | 0x80)
        length >>= 7
    return bytes((*head, length)) + data
