"""Random traces with every kind of content that Badger stores, equal for equal seeds."""

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
    """Yield *count* requests with one trace each, in the hour before *end* (Unix nanoseconds)."""
    rng = random.Random(seed)  # noqa: S311  repeatable
    for number in range(count):
        start = end - (count - number) * 3_600_000 * MILLISECOND // count
        yield _trace(rng, start)


def _trace(rng: random.Random, start: int) -> TracesData:
    trace_id = rng.randbytes(16)
    spans: list[tuple[str, Span]] = []
    for _ in range(rng.randint(1, 8)):
        parent = rng.choice(spans)[1].span_id if spans else b""
        span = _span(rng, trace_id, parent, start)
        spans.append((rng.choice(SERVICES), span))
    return TracesData(resource_spans=[_resource(service, span) for service, span in spans])


def _resource(service: str, span: Span) -> ResourceSpans:
    attributes = [_text("service.name", service), _text("service.instance.id", f"{service}-1")]
    scope = InstrumentationScope(name=f"lib.{service}", version="1.0")
    return ResourceSpans(
        resource=Resource(attributes=attributes),
        scope_spans=[ScopeSpans(scope=scope, spans=[span])],
    )


def _span(rng: random.Random, trace_id: bytes, parent: bytes, start: int) -> Span:
    begin = start + rng.randint(-20, 200) * MILLISECOND + rng.randint(0, 999_999)
    return Span(
        trace_id=trace_id,
        span_id=rng.randbytes(8),
        parent_span_id=parent,
        name=rng.choice(("GET /", "GET /items", "SELECT", "send", "")),
        kind=rng.choice(Span.SpanKind.values()),
        start_time_unix_nano=begin,
        end_time_unix_nano=begin + rng.randint(0, 300) * MILLISECOND,
        status=rng.choice(STATUSES),
        attributes=_attributes(rng),
        events=[
            Span.Event(time_unix_nano=begin + 1, name="hit", attributes=_attributes(rng))
            for _ in range(rng.randint(0, 2))
        ],
    )


def _attributes(rng: random.Random) -> list[KeyValue]:
    values = {
        "text": AnyValue(string_value=rng.choice(WORDS)),
        "flag": AnyValue(bool_value=rng.random() < 0.5),
        "count": AnyValue(int_value=rng.choice((0, -1, 7, 2**53 + 1, 2**63 - 1))),
        "share": AnyValue(double_value=rng.choice((0.0, 1.5, 1e-9, 3.0, 1e21))),
        "raw": AnyValue(bytes_value=b"\0\xff"),
    }
    keys = rng.sample(sorted(values), rng.randint(0, len(values)))
    return [KeyValue(key=key, value=values[key]) for key in keys]


def _text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))
