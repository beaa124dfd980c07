"""OTLP trace requests: decoded and checked.

Source: opentelemetry-proto, `opentelemetry/proto/collector/trace/v1`, and the protocol's
specification, "OTLP/HTTP"; ids in OTLP/JSON are hexadecimal, not base64.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any, Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from sightline.tracestore.ingest.errors import MalformedRequest
from sightline.tracestore.ingest.items import check_json, check_protobuf

TRACE_ID_BYTES: Final = 16
SPAN_ID_BYTES: Final = 8

_ID_FIELDS: Final = {
    **dict.fromkeys(("traceId", "trace_id"), TRACE_ID_BYTES),
    **dict.fromkeys(("spanId", "span_id", "parentSpanId", "parent_span_id"), SPAN_ID_BYTES),
}


def from_protobuf(body: bytes) -> TracesData:
    """Decode an `ExportTraceServiceRequest`, which has the same wire form as `TracesData`.

    Raises:
        MalformedRequest: Invalid protobuf, an id of a wrong length, or too many items.
    """
    check_protobuf(body)
    try:
        request = TracesData.FromString(body)
    except DecodeError as error:
        raise MalformedRequest(f"malformed protobuf: {error}") from error
    return _validate(request)


def from_json(body: bytes) -> TracesData:
    """Decode OTLP/JSON.

    Raises:
        MalformedRequest: Invalid JSON, another structure, an id that is not hexadecimal, or too
            many items.
    """
    check_json(body)
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
    return _validate(request)


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


def _validate(request: TracesData) -> TracesData:
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
