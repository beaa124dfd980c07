"""Traces that no SDK produces are returned, and no request hangs."""

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.integration.tracestore.trace_store import TraceStore
from tests.unit.tracestore.spans import encoded, span

ONE, TWO, THREE = (number.to_bytes(8, "big") for number in (1, 2, 3))

ODD: dict[str, list[Span]] = {
    "its own parent": [span(7, span_id=ONE, parent_span_id=ONE)],
    "two in a circle": [
        span(7, span_id=ONE, parent_span_id=TWO),
        span(7, span_id=TWO, parent_span_id=ONE),
    ],
    "three in a circle below a root": [
        span(7, span_id=THREE),
        span(7, span_id=ONE, parent_span_id=TWO),
        span(7, span_id=TWO, parent_span_id=ONE),
    ],
    "no span ids": [span(7, span_id=b""), span(7, "other", span_id=b"", parent_span_id=ONE)],
    "zero span ids": [span(7, span_id=bytes(8)), span(7, "b", span_id=ONE, parent_span_id=TWO)],
    "ends before it starts": [span(7, end_time_unix_nano=0)],
    "starts in 2554": [span(7, start_time_unix_nano=2**64 - 1, end_time_unix_nano=2**64 - 1)],
    "a kind of the future": [span(7, kind=99)],
    "very long": [span(7, "x" * 64_000)],
}

EVER = "query.startTimeMin=1970-01-01T00:00:00Z&query.startTimeMax=2262-01-01T00:00:00Z"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("spans", ODD.values(), ids=ODD)
def test_an_odd_trace_is_returned_by_every_api(receiver: TraceStore, spans: list[Span]) -> None:
    assert receiver.send(encoded(*spans)).status == 200

    answers = [
        receiver.ask(path)
        for path in (
            "/api/traces/7",
            "/api/traces/7?raw=true",
            "/api/v3/traces/7",
            "/api/v3/traces/7?rawTraces=true",
            f"/api/v3/trace-summaries?query.serviceName=shop&{EVER}",
            "/api/traces?service=shop&start=0&end=9999999999999999",
            "/api/dependencies",
        )
    ]

    assert [answer.status for answer in answers] == [200] * 7
    assert all(answer.json for answer in answers)
