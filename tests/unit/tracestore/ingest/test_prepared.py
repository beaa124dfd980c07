"""Requests in parts."""

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, TracesData

from sightline.tracestore.ingest.errors import TooManyItems
from sightline.tracestore.ingest.otlp import from_protobuf, spans
from sightline.tracestore.ingest.prepared import MAX_PART_SPANS, prepare
from tests.unit.tracestore.spans import encoded, request, span


def test_a_usual_request_has_one_part() -> None:
    body = encoded(span(1), span(2))

    assert prepare(body, from_protobuf) == ([body], 2, [])


def test_a_large_request_has_parts_with_their_resource() -> None:
    sent = request(*(span(number) for number in range(1, 2 * MAX_PART_SPANS + 2)))

    prepared = prepare(sent.SerializeToString(), from_protobuf)

    parts = [TracesData.FromString(part) for part in prepared.parts]
    assert [len(list(spans(part))) for part in parts] == [MAX_PART_SPANS, MAX_PART_SPANS, 1]
    assert {part.resource_spans[0].resource.SerializeToString() for part in parts} == {
        sent.resource_spans[0].resource.SerializeToString()
    }
    assert [each for part in parts for each in spans(part)] == list(spans(sent))


def test_a_large_resource_is_not_repeated() -> None:
    sent = request(*[span(1)] * 3 * MAX_PART_SPANS, **{f"k{n}": "v" * 1000 for n in range(70)})

    assert len(prepare(sent.SerializeToString(), from_protobuf).parts) == 1


def test_many_scopes_of_a_large_resource_are_refused() -> None:
    sent = request(span(1), **{f"k{number}": "v" * 10_000 for number in range(100)})
    sent.resource_spans[0].scope_spans.extend([ScopeSpans(spans=[Span()])] * 100)

    with pytest.raises(TooManyItems, match="too many scopes for the size of their resources"):
        prepare(sent.SerializeToString(), from_protobuf)
