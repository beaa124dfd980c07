"""JSON of responses that are too large."""

import json
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from sightline.tracestore.query import json_v1, json_v3
from sightline.tracestore.query.adjust import repaired
from sightline.tracestore.query.json_body import JSONBody
from sightline.tracestore.storage.room import Room
from sightline.tracestore.storage.trace import Trace, cut_warning, traces_of
from tests.unit.tracestore.spans import attributes, request, span


def large_trace() -> Trace:
    """Trace of 100 spans of 1 kB each."""
    text = attributes({"text": '"spans":[]' * 100})
    spans = [span(7, span_id=n.to_bytes(8, "big"), attributes=text) for n in range(100)]
    (trace,) = traces_of(request(*spans), Room.large())
    return trace


def shown(body: JSONBody) -> Any:  # noqa: ANN401  any JSON
    return json.loads(body.content)


def test_a_body_that_becomes_full_ends_with_a_span_without_attributes() -> None:
    body = JSONBody(max_bytes=10_000)

    with body.items_of({"data": [], "errors": None}, "data"):
        json_v1.add_trace(body, large_trace(), repaired)

    (trace,) = shown(body)["data"]
    *whole, last = trace["spans"]
    assert body.full
    assert 3 < len(whole) < 10
    assert [one["warnings"] for one in whole] == [None] * len(whole)
    assert (last["tags"], last["warnings"]) == ([], [cut_warning(len(whole) + 1)])
    assert trace["processes"]["p1"]["serviceName"] == "shop"


def test_v3_has_the_warning_as_an_attribute() -> None:
    body = JSONBody(max_bytes=10_000)

    with body.items_of({"resourceSpans": []}, "resourceSpans"):
        json_v3.add_trace(body, large_trace(), repaired)

    *whole, last = shown(body)["resourceSpans"][0]["scopeSpans"][0]["spans"]
    (pair,) = last["attributes"]
    (value,) = pair["value"]["arrayValue"]["values"]
    assert (pair["key"], value["stringValue"]) == (json_v3.WARNINGS, cut_warning(len(whole) + 1))


def test_a_list_ends_where_its_body_is_full() -> None:
    names = ["a" * 100, "b" * 40_000_000, "c"]

    assert shown(JSONBody.list_of({"data": [], "total": 3}, "data", names))["data"] == names[:1]


def test_an_uploaded_trace_has_a_limit_of_spans() -> None:
    sent = request(*[Span(trace_id=b"t" * 16)] * 5)

    (trace,) = traces_of(sent, Room(3, 10**6, small=False))

    assert [stored.warnings for stored in trace.spans] == [[], [], [cut_warning(3)]]
