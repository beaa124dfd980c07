"""Parser of partial successes: spans that a collector rejected in a request that it accepted.

Source: OpenTelemetry protocol, "OTLP/HTTP Response" and "Partial Success".
"""

from __future__ import annotations

import json
from typing import Any, Final

from instrumentation._export.verdict import Accepted
from instrumentation._otlp.wire import fields
from instrumentation._support.redaction import escape_for_log

_JSON: Final = "application/json"
_PROTOBUF: Final = frozenset(
    {"", "application/x-protobuf", "application/protobuf", "application/octet-stream"}
)
_INT64_SIGN: Final = 2**63


def parse_response(body: bytes | None, content_type: str = "") -> Accepted:
    """Parse an ``ExportTraceServiceResponse``.

    Args:
        body: None when it is incomplete.
        content_type: In lower case, without parameters; empty means protobuf.

    Returns:
        `Accepted` in every case, because the status is a success. Its field ``unreadable`` contains
        the reason when the body cannot be parsed.
    """
    if body is None:
        return Accepted(unreadable="the body is too long, too slow or cut short")
    if not body:
        return Accepted()
    if content_type != _JSON and content_type not in _PROTOBUF:
        return Accepted(unreadable=f"the content type is {escape_for_log(content_type)}")
    try:
        return _parse_json(body) if content_type == _JSON else _parse_protobuf(body)
    except (ValueError, RecursionError) as error:
        return Accepted(unreadable=escape_for_log(f"{type(error).__name__}: {error}"))


def _parse_protobuf(body: bytes) -> Accepted:
    rejected, message = 0, ""
    for number, value in fields(body):
        if number == 1 and isinstance(value, bytes):
            inner = dict(fields(value))
            rejected = _to_int64(inner.get(1))
            message = _text(inner.get(2))
    return Accepted(rejected=rejected, message=escape_for_log(message))


def _parse_json(body: bytes) -> Accepted:
    response: Any = json.loads(body)
    if not isinstance(response, dict):
        raise ValueError("the body is not a JSON object")
    partial = response.get("partialSuccess") or {}
    if not isinstance(partial, dict):
        raise ValueError("partialSuccess is not a JSON object")
    message = partial.get("errorMessage")
    return Accepted(
        rejected=_count(partial.get("rejectedSpans")),
        message=escape_for_log(message) if isinstance(message, str) else "",
    )


def _count(value: object) -> int:
    """Return an int64 from JSON. Source: protobuf.dev, "ProtoJSON": a string or a number."""
    match value:
        case None:
            return 0
        case bool():
            raise ValueError("rejectedSpans is not a number")
        case int():
            return value
        case str():
            return int(value)
        case float() if value.is_integer():
            return int(value)
        case _:
            raise ValueError("rejectedSpans is not an integer")


def _to_int64(value: int | bytes | None) -> int:
    if not isinstance(value, int):
        return 0
    return value - 2 * _INT64_SIGN if value >= _INT64_SIGN else value


def _text(value: int | bytes | None) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else ""
