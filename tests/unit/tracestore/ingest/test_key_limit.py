"""Spans that Jaeger's index has no room for."""

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from sightline.tracestore.ingest.key_limit import remove_refused
from tests.oversized import LARGEST, REFUSED, REFUSED_WHOLE, Change, request


def parsed(change: Change) -> TracesData:
    return TracesData.FromString(request(change).body)


def ids(data: TracesData) -> list[int]:
    scopes = (scope for resource in data.resource_spans for scope in resource.scope_spans)
    return [int.from_bytes(span.span_id) for scope in scopes for span in scope.spans]


@pytest.mark.parametrize("case", LARGEST)
def test_the_largest_key_that_jaeger_accepts_is_accepted(case: str) -> None:
    data = parsed(LARGEST[case])

    assert remove_refused(data) == []
    assert ids(data) == [1, 2, 3]


@pytest.mark.parametrize("case", REFUSED)
def test_one_byte_more_is_refused_and_other_spans_are_kept(case: str) -> None:
    data = parsed(REFUSED[case])

    (reason,) = remove_refused(data)

    assert reason.startswith("Key with size ")
    assert " exceeded 65000 limit. Key: service 'sizes', " in reason
    assert len(reason) < 400
    assert ids(data) == [1, 3]


@pytest.mark.parametrize("case", REFUSED_WHOLE)
def test_an_origin_is_refused_with_all_its_spans(case: str) -> None:
    data = parsed(REFUSED_WHOLE[case])

    assert len(remove_refused(data)) == 3
    assert ids(data) == []
