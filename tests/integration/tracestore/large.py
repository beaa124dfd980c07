"""Spans that take much more memory when they are read than when they were sent."""

from collections.abc import Iterator

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from tests.unit.tracestore.spans import attributes, request, span

LONG = 60_000
"""Characters of a value, below Jaeger's limit of a key."""

FAT, DEEP, HEAVY, NAMED, TAGGED, RESOURCES, LINKED, QUOTED = range(0x1000, 0x9000, 0x1000)
"""First trace id of each kind."""


def fat_spans() -> Iterator[TracesData]:
    """Yield 100 traces of one span of 1 MB each."""
    events = [Span.Event(name="x", attributes=attributes({"text": "x" * LONG}))] * 16
    for number in range(10):
        numbers = range(FAT + 10 * number, FAT + 10 * (number + 1))
        yield request(*(span(one, events=events) for one in numbers), service="fat")


def deep_trace() -> Iterator[TracesData]:
    """Yield a trace of 80,000 usual spans."""
    usual = attributes({f"http.attribute.{number}": "a usual value" for number in range(2)})
    for part in range(8):
        ids = (number.to_bytes(8, "big") for number in range(part * 10_000, (part + 1) * 10_000))
        spans = [span(DEEP, span_id=id_, attributes=usual) for id_ in ids]
        yield request(*spans, service="deep")


def heavy_resource() -> Iterator[TracesData]:
    """Yield a trace of 2,000 spans that share a scope of 1 MB."""
    sent = request(*_spans(HEAVY, 2000), service="heavy")
    (scoped,) = sent.resource_spans[0].scope_spans
    scoped.scope.attributes.extend(attributes({"text": "x" * 1_000_000}))
    yield sent


def named_scope() -> Iterator[TracesData]:
    """Yield a trace of 5,000 spans that share a scope with a long name."""
    sent = request(*_spans(NAMED, 5000), service="named")
    (scoped,) = sent.resource_spans[0].scope_spans
    scoped.scope.name = "n" * LONG
    yield sent


def tagged_spans() -> Iterator[TracesData]:
    """Yield a trace of 4 spans with 240,000 empty attributes each."""
    empty = [KeyValue()] * 240_000
    for number in range(1, 5):
        one = span(TAGGED, span_id=number.to_bytes(8, "big"), attributes=empty)
        yield request(one, service="tagged")


def tagged_resources() -> Iterator[TracesData]:
    """Yield a trace of 3 spans, each with a resource that has 240,000 attributes."""
    empty = [KeyValue()] * 240_000
    for number in range(1, 4):
        sent = request(*_spans(RESOURCES, 1), service=f"resource {number}")
        sent.resource_spans[0].resource.attributes.extend(empty)
        yield sent


def linked_span() -> Iterator[TracesData]:
    """Yield a trace of one span of 19 MB."""
    (pair,) = attributes({"text": "x" * 19_000_000})
    yield request(span(LINKED, links=[Span.Link(attributes=[pair])]), service="linked")


def quoted_spans() -> Iterator[TracesData]:
    """Yield a trace of spans of 2 MB each that JSON makes six times as large."""
    pair = KeyValue(key="text", value=AnyValue(string_value="\1" * 2_000_000))
    for number in range(1, 7):
        id_ = number.to_bytes(8, "big")
        one = span(QUOTED, span_id=id_, links=[Span.Link(attributes=[pair])])
        yield request(one, service="quoted")


def names() -> Iterator[TracesData]:
    """Yield 1,500 operations with names of 60 kB, and services and calls with names of 30 kB."""
    for first in range(0x10_0000, 0x10_0000 + 1500, 50):
        callers, called = [], []
        for number in range(first, first + 50):
            name = f"{number}".ljust(LONG, "n")
            callers.append(span(number, name, span_id=b"a parent"))
            child = span(number, "GET", span_id=b"a child!", parent_span_id=b"a parent")
            called.append(request(child, service=name[: LONG // 2]))
        yield merged(request(*callers, service="names"), *called)


def merged(*requests: TracesData) -> TracesData:
    return TracesData(resource_spans=[one for sent in requests for one in sent.resource_spans])


def _spans(number: int, count: int) -> Iterator[Span]:
    return (span(number, span_id=id_.to_bytes(8, "big")) for id_ in range(1, count + 1))
