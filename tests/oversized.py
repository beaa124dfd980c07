"""OTLP requests with three spans, of which Jaeger rejects the second because of its size."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData

SERVICE: Final = "sizes"
FRAME_BYTES: Final = 25
"""Size of a storage key without service, tag and value."""

MOST_BYTES: Final = 65_000 - FRAME_BYTES - len(SERVICE)
"""Limit on tag and value, and on the operation name."""

Change = Callable[[Span, ResourceSpans], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Request with the ids of its traces."""

    body: bytes
    large: str
    small: tuple[str, str]


def request(change: Change) -> Sent:
    """Return a request with three traces of one span each, the second one changed."""
    begin = time.time_ns()
    spans = [
        Span(
            trace_id=(begin + number).to_bytes(16, "big"),
            span_id=(number + 1).to_bytes(8, "big"),
            name="GET",
            start_time_unix_nano=begin,
            end_time_unix_nano=begin + 1,
        )
        for number in range(3)
    ]
    origin = ResourceSpans(
        resource=Resource(attributes=[pair("service.name", text(SERVICE))]),
        scope_spans=[ScopeSpans(scope=InstrumentationScope(name="lib"))],
    )
    change(spans[1], origin)
    origin.scope_spans[0].spans.extend(spans)
    first, large, last = (span.trace_id.hex() for span in spans)
    body = TracesData(resource_spans=[origin]).SerializeToString()
    return Sent(body=body, large=large, small=(first, last))


def pair(key: str, value: AnyValue) -> KeyValue:
    return KeyValue(key=key, value=value)


def text(value: str) -> AnyValue:
    return AnyValue(string_value=value)


def attribute(value: AnyValue, key: str = "k") -> Change:
    return lambda span, _: span.attributes.append(pair(key, value))


def array(*values: AnyValue) -> AnyValue:
    return AnyValue(array_value=ArrayValue(values=values))


def _set_name(size: int) -> Change:
    def change(span: Span, _: ResourceSpans) -> None:
        span.name = "n" * size

    return change


def _set_description(span: Span, _: ResourceSpans) -> None:
    span.status.message = "x" * 66_000


def _map() -> AnyValue:
    halves = [pair(key, text("x" * 33_000)) for key in "ab"]
    return AnyValue(kvlist_value=KeyValueList(values=halves))


LARGEST: Final[dict[str, Change]] = {
    "string": attribute(text("x" * (MOST_BYTES - 1))),
    "name": _set_name(MOST_BYTES),
    "bytes": attribute(AnyValue(bytes_value=b"x" * ((MOST_BYTES - 1) // 2))),
    "array": attribute(array(text("x" * (MOST_BYTES - 5)))),
    "angles": attribute(array(text("<" * (MOST_BYTES - 5)))),
    "scope attribute": lambda _, origin: origin.scope_spans[0].scope.attributes.append(
        pair("k", text("x" * 66_000))
    ),
    "link": lambda span, _: span.links.add(
        trace_id=b"1" * 16, span_id=b"1" * 8, attributes=[pair("k", text("x" * 66_000))]
    ),
}
"""Changes to spans that Jaeger accepts."""

REFUSED: Final[dict[str, Change]] = {
    "string": attribute(text("x" * MOST_BYTES)),
    "multibyte": attribute(text("ä" * (MOST_BYTES // 2 + 1))),
    "name": _set_name(MOST_BYTES + 1),
    "key": attribute(text("x"), key="k" * 66_000),
    "bytes": attribute(AnyValue(bytes_value=b"x" * ((MOST_BYTES + 1) // 2))),
    "array": attribute(array(text("x" * (MOST_BYTES - 4)))),
    "control": attribute(array(text("\1" * 11_000))),
    "separator": attribute(array(text("\u2028" * 11_000))),
    "map": attribute(_map()),
    "description": _set_description,
    "event": lambda span, _: span.events.add(name="x" * 66_000),
    "event attribute": lambda span, _: span.events.add(
        name="e", attributes=[pair("k", text("x" * 66_000))]
    ),
}
"""Changes to spans that Jaeger rejects. It stores the other spans of the request."""

REFUSED_WHOLE: Final[dict[str, Change]] = {
    "resource": lambda _, origin: origin.resource.attributes.append(pair("k", text("x" * 66_000))),
    "scope": lambda _, origin: origin.scope_spans[0].scope.CopyFrom(
        InstrumentationScope(name="x" * 66_000)
    ),
}
"""Changes to resource or scope that make Jaeger reject all their spans."""
