"""OTLP trace requests as they arrive: decompressed, decoded, checked.

Source: opentelemetry-proto, `opentelemetry/proto/collector/trace/v1`, and the protocol's
specification, "OTLP/HTTP"; ids in OTLP/JSON are hexadecimal, not base64.
"""

import base64
import json
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

MAX_BODY_BYTES: Final = 20 * 1024 * 1024
"""Before and after decompression. Source: Jaeger's receiver, `max_request_body_size`."""

TRACE_ID_BYTES: Final = 16
SPAN_ID_BYTES: Final = 8

_WINDOW_BITS: Final = {"gzip": 31, "deflate": 15}
"""Window size that selects the encoding in zlib."""

_ID_FIELDS: Final = {
    **dict.fromkeys(("traceId", "trace_id"), TRACE_ID_BYTES),
    **dict.fromkeys(("spanId", "span_id", "parentSpanId", "parent_span_id"), SPAN_ID_BYTES),
}


class MalformedRequest(ValueError):
    """The body is invalid; the message is sent to the client."""


async def read_body(chunks: AsyncIterator[bytes]) -> bytes:
    """Return the body that arrives in *chunks*.

    Raises:
        MalformedRequest: The body exceeds `MAX_BODY_BYTES`; the rest is not read.
    """
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise MalformedRequest("http: request body too large")
    return bytes(body)


def decompress(body: bytes, encoding: str) -> bytes:
    """Return *body* without its content encoding.

    Raises:
        MalformedRequest: Unknown encoding, corrupt stream, or more than `MAX_BODY_BYTES`.
    """
    if not encoding:
        return body
    if encoding not in _WINDOW_BITS:
        raise MalformedRequest(f"unsupported Content-Encoding: {encoding}")
    try:
        return _inflate(body, _WINDOW_BITS[encoding])
    except zlib.error as error:
        raise MalformedRequest(f"{encoding}: {error}") from error


def _inflate(body: bytes, window_bits: int) -> bytes:
    """Return all members of *body*."""
    plain = bytearray()
    while True:
        member = zlib.decompressobj(window_bits)
        plain += member.decompress(body, MAX_BODY_BYTES + 1 - len(plain))
        if len(plain) > MAX_BODY_BYTES:
            raise MalformedRequest("http: request body too large")
        if not member.eof:
            raise MalformedRequest("unexpected EOF")
        if not (body := member.unused_data):
            return bytes(plain)


def from_protobuf(body: bytes) -> TracesData:
    """Decode an `ExportTraceServiceRequest`, which has the same wire form as `TracesData`.

    Raises:
        MalformedRequest: Invalid protobuf, or an id of a wrong length.
    """
    try:
        request = TracesData.FromString(body)
    except DecodeError as error:
        raise MalformedRequest(f"malformed protobuf: {error}") from error
    return _validated(request)


def from_json(body: bytes) -> TracesData:
    """Decode OTLP/JSON.

    Raises:
        MalformedRequest: Invalid JSON, another structure, or an id that is not hexadecimal.
    """
    # Takes 30 ms to import, and most clients send protobuf.
    from google.protobuf import json_format  # noqa: PLC0415

    try:
        document = json.loads(body)
        document = {} if document is None else document
        if not isinstance(document, dict):
            raise MalformedRequest(f"expected a JSON object, not {type(document).__name__}")
        _hex_ids_to_base64(document)
        request = TracesData()
        json_format.ParseDict(document, request, ignore_unknown_fields=True)
    except (ValueError, RecursionError, json_format.ParseError, AttributeError, TypeError) as error:
        raise MalformedRequest(f"malformed JSON: {error}") from error
    return _validated(request)


def _hex_ids_to_base64(node: Any) -> None:  # noqa: ANN401  any JSON
    """Rewrite the ids in place, because protobuf's JSON reader expects base64."""
    if isinstance(node, list):
        for item in node:
            _hex_ids_to_base64(item)
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key in _ID_FIELDS and isinstance(value, str):
            node[key] = base64.b64encode(_from_hex(key, value)).decode()
        elif key != "value":  # an attribute value may contain a key like "traceId"
            _hex_ids_to_base64(value)


def _from_hex(key: str, value: str) -> bytes:
    digits = _ID_FIELDS[key] * 2
    if value and len(value) != digits:
        raise MalformedRequest(f"{key}={value!r}: expected {digits} hexadecimal digits")
    try:
        return bytes.fromhex(value)
    except ValueError as error:
        raise MalformedRequest(f"{key}={value!r}: expected hexadecimal digits") from error


def _validated(request: TracesData) -> TracesData:
    for span in spans(request):
        _check_id(span.trace_id, TRACE_ID_BYTES, "trace_id")
        _check_id(span.span_id, SPAN_ID_BYTES, "span_id")
        _check_id(span.parent_span_id, SPAN_ID_BYTES, "parent_span_id")
        for link in span.links:
            _check_id(link.trace_id, TRACE_ID_BYTES, "link.trace_id")
            _check_id(link.span_id, SPAN_ID_BYTES, "link.span_id")
    return request


def _check_id(identifier: bytes, length: int, field: str) -> None:
    if identifier and len(identifier) != length:
        raise MalformedRequest(f"{field}: expected {length} bytes, not {len(identifier)}")


def spans(request: TracesData) -> Iterator[Span]:
    """Yield every span of *request*."""
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            yield from scope.spans


def span_count(request: TracesData) -> int:
    """Return the number of spans in *request*."""
    return sum(
        len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans
    )
