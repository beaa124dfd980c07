"""OTLP requests with small traces."""

import time
from collections.abc import Mapping
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData

MILLISECOND = 10**6


def attributes(values: Mapping[str, str]) -> list[KeyValue]:
    return [KeyValue(key=key, value=AnyValue(string_value=text)) for key, text in values.items()]


def span(number: int = 1, name: str = "GET /", **fields: Any) -> Span:  # noqa: ANN401  of Span
    """Return a root span of one millisecond that starts now, with ids from *number*."""
    start = time.time_ns()
    defaults = {
        "trace_id": number.to_bytes(16, "big"),
        "span_id": number.to_bytes(8, "big"),
        "start_time_unix_nano": start,
        "end_time_unix_nano": start + MILLISECOND,
        "kind": Span.SPAN_KIND_SERVER,
    }
    return Span(name=name, **{**defaults, **fields})


def request(*spans: Span, service: str = "shop", **resource: str) -> TracesData:
    """Return a request with *spans* of one service; underscores in attribute names mean dots."""
    named = {name.replace("_", "."): value for name, value in resource.items()}
    return TracesData(
        resource_spans=[
            ResourceSpans(
                resource=Resource(attributes=attributes({"service.name": service, **named})),
                scope_spans=[ScopeSpans(scope=InstrumentationScope(name="test"), spans=spans)],
            )
        ]
    )


def encoded(*spans: Span, service: str = "shop", **resource: str) -> bytes:
    return request(*spans, service=service, **resource).SerializeToString()
