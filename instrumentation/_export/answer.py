"""Reader of partial successes: spans that a collector rejected in a request that it accepted.

Source: OpenTelemetry protocol, "OTLP/HTTP Response" and "Partial Success".
"""

import json
from typing import Any, Final

from instrumentation._export.verdict import Accepted
from instrumentation._otlp.wire import fields
from instrumentation._support.redaction import printable

_JSON: Final = "application/json"
_PROTOBUF: Final = frozenset(
    {"", "application/x-protobuf", "application/protobuf", "application/octet-stream"}
)
_INT64_SIGN: Final = 2**63


def partial_success(body: bytes | None, content_type: str = "") -> Accepted:
    """Read an ``ExportTraceServiceResponse``; never raises, because the request was accepted.

    Args:
        body: None when it did not come whole.
        content_type: In lower case, without parameters; empty means protobuf.
    """
    if body is None:
        return Accepted(unreadable="the body is too long, too slow or cut short")
    if not body:
        return Accepted()
    if content_type != _JSON and content_type not in _PROTOBUF:
        return Accepted(unreadable=f"the content type is {printable(content_type)}")
    try:
        return _from_json(body) if content_type == _JSON else _from_protobuf(body)
    except (ValueError, RecursionError) as error:
        return Accepted(unreadable=printable(f"{type(error).__name__}: {error}"))


def _from_protobuf(body: bytes) -> Accepted:
    rejected, message = 0, ""
    for number, value in fields(body):
        if number == 1 and isinstance(value, bytes):
            inner = dict(fields(value))
            rejected = _signed(inner.get(1))
            message = _text(inner.get(2))
    return Accepted(rejected=rejected, message=printable(message))


def _from_json(body: bytes) -> Accepted:
    answer: Any = json.loads(body)
    if not isinstance(answer, dict):
        raise ValueError("the body is no JSON object")  # noqa: TRY004  one class for a bad body
    partial = answer.get("partialSuccess") or {}
    if not isinstance(partial, dict):
        raise ValueError("partialSuccess is no JSON object")  # noqa: TRY004  as above
    message = partial.get("errorMessage")
    return Accepted(
        rejected=_count(partial.get("rejectedSpans")),
        message=printable(message) if isinstance(message, str) else "",
    )


def _count(value: object) -> int:
    """An int64 of JSON. Source: protobuf.dev, "ProtoJSON": a string or a number."""
    match value:
        case None:
            return 0
        case bool():
            raise ValueError("rejectedSpans is no number")
        case int():
            return value
        case str():
            return int(value)
        case float() if value.is_integer():
            return int(value)
        case _:
            raise ValueError("rejectedSpans is no whole number")


def _signed(value: int | bytes | None) -> int:
    if not isinstance(value, int):
        return 0
    return value - 2 * _INT64_SIGN if value >= _INT64_SIGN else value


def _text(value: int | bytes | None) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else ""
