"""Traces with everything that Badger keeps, the same for every seed."""

import random
from collections.abc import Iterator

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import (
    ResourceSpans,
    ScopeSpans,
    Span,
    Status,
    TracesData,
)

MILLISECOND = 10**6
SERVICES = ("web", "cart", "stock", "mail")
WORDS = ("red", "green", "blue", "größe ✓", "", "<&>", "a=b", "5", "true")
STATUSES = (
    Status(),
    Status(code=Status.STATUS_CODE_OK),
    Status(code=Status.STATUS_CODE_ERROR, message="no luck"),
)


def traces(seed: int, count: int, *, end: int) -> Iterator[TracesData]:
    """*count* requests, one trace each, over the hour before *end*, nanoseconds since 1970."""
    chance = random.Random(seed)  # noqa: S311  repeatable on purpose
    for number in range(count):
        start = end - (count - number) * 3_600_000 * MILLISECOND // count
        yield _trace(chance, start)


def _trace(chance: random.Random, start: int) -> TracesData:
    trace_id = chance.randbytes(16)
    spans: list[tuple[str, Span]] = []
    for _ in range(chance.randint(1, 8)):
        parent = chance.choice(spans)[1].span_id if spans else b""
        span = _span(chance, trace_id, parent, start)
        spans.append((chance.choice(SERVICES), span))
    return TracesData(resource_spans=[_resource(service, span) for service, span in spans])


def _resource(service: str, span: Span) -> ResourceSpans:
    attributes = [_text("service.name", service), _text("service.instance.id", f"{service}-1")]
    scope = InstrumentationScope(name=f"lib.{service}", version="1.0")
    return ResourceSpans(
        resource=Resource(attributes=attributes),
        scope_spans=[ScopeSpans(scope=scope, spans=[span])],
    )


def _span(chance: random.Random, trace_id: bytes, parent: bytes, start: int) -> Span:
    begin = start + chance.randint(-20, 200) * MILLISECOND + chance.randint(0, 999_999)
    return Span(
        trace_id=trace_id,
        span_id=chance.randbytes(8),
        parent_span_id=parent,
        name=chance.choice(("GET /", "GET /items", "SELECT", "send", "")),
        kind=chance.choice(Span.SpanKind.values()),
        start_time_unix_nano=begin,
        end_time_unix_nano=begin + chance.randint(0, 300) * MILLISECOND,
        status=chance.choice(STATUSES),
        attributes=_attributes(chance),
        events=[
            Span.Event(time_unix_nano=begin + 1, name="hit", attributes=_attributes(chance))
            for _ in range(chance.randint(0, 2))
        ],
    )


def _attributes(chance: random.Random) -> list[KeyValue]:
    values = {
        "text": AnyValue(string_value=chance.choice(WORDS)),
        "flag": AnyValue(bool_value=chance.random() < 0.5),
        "count": AnyValue(int_value=chance.choice((0, -1, 7, 2**53 + 1, 2**63 - 1))),
        "share": AnyValue(double_value=chance.choice((0.0, 1.5, 1e-9, 3.0, 1e21))),
        "raw": AnyValue(bytes_value=b"\0\xff"),
    }
    chosen = chance.sample(sorted(values), chance.randint(0, len(values)))
    return [KeyValue(key=key, value=values[key]) for key in chosen]


def _text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))
