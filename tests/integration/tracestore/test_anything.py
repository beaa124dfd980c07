"""Arbitrary requests leave the store running and its spans intact."""

from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.tracestore.trace_store import JSON, PROTOBUF, TraceStore
from tests.unit.tracestore.spans import encoded, span

KNOWN = encoded(span(1))

PATHS = st.sampled_from(
    [
        *("/api/traces", "/api/traces/1", "/api/operations", "/api/dependencies", "/api/services"),
        *("/api/metrics/calls", "/api/v3/traces", "/api/v3/traces/1", "/api/v3/trace-summaries"),
    ]
)
PARAMETERS = st.sampled_from(
    [
        *("service", "operation", "tags", "tag", "start", "end", "limit", "traceID", "raw"),
        *("minDuration", "maxDuration", "endTs", "lookback", "step", "ratePer", "spanKind"),
        *("query.serviceName", "query.startTimeMin", "query.startTimeMax", "query.searchDepth"),
        *("query.attributes", "query.durationMin", "startTime", "rawTraces"),
    ]
)
VALUES = st.text(max_size=12) | st.sampled_from(
    [
        *("shop", "0", "-1", "1ms", "9" * 19, "9" * 400, "{}", '{"a": "b"}', "true", "server"),
        *("2026-11-23T12:20:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"),
        *("-9223372036854775808", "\0", "%", "[" * 2000, "1e999h", "NaN"),
    ]
)

EXPLAINED = (b"min start time is above max", b"failed executing metrics query")
"""Expected errors with status 500: a choice of Jaeger, and an unreachable Prometheus."""

SHARED = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@SHARED
@given(
    body=st.binary(max_size=300) | st.integers(0, len(KNOWN)).map(lambda cut: KNOWN[:cut]),
    content_type=st.sampled_from([JSON, PROTOBUF]),
    encoding=st.sampled_from(["", "gzip", "deflate"]),
)
def test_any_bytes_are_accepted_or_refused(
    receiver: TraceStore, body: bytes, content_type: str, encoding: str
) -> None:
    answer = receiver.send(body, content_type, Content_Encoding=encoding)

    assert answer.status in {200, 400}
    assert receiver.ask("/api/traces/1").status == 200


@SHARED
@given(path=PATHS, asked=st.lists(st.tuples(PARAMETERS, VALUES), max_size=5))
def test_any_query_is_answered(
    receiver: TraceStore, path: str, asked: list[tuple[str, str]]
) -> None:
    answer = receiver.ask(f"{path}?{urlencode(asked, errors='replace')}")

    assert answer.status in {200, 400, 404} or any(text in answer.body for text in EXPLAINED)
