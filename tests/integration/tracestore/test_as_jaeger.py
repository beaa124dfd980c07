"""Spans and parameters that Jaeger changes or refuses, and so does the store."""

import pytest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    InstrumentationScope,
    KeyValue,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from tests.integration.tracestore.trace_store import TraceStore
from tests.unit.tracestore.spans import encoded, request, span

FAILED = KeyValue(key="error", value=AnyValue(bool_value=True))
TIMES = "query.startTimeMin=1970-01-01T00:00:00Z&query.startTimeMax=2262-01-01T00:00:00Z"


def test_an_attribute_error_is_a_failed_span(store: TraceStore) -> None:
    store.send(encoded(span(1, attributes=[FAILED])))

    (trace,) = store.ask("/api/traces/1").json["data"]
    (summary,) = store.ask(f"/api/v3/trace-summaries?{TIMES}").json["summaries"]
    tags = {tag["key"]: tag["value"] for tag in trace["spans"][0]["tags"]}
    assert (tags["error"], tags["otel.status_code"]) == (True, "ERROR")
    assert summary["errorSpanCount"] == 1


def test_a_status_overrides_an_attribute_error(store: TraceStore) -> None:
    fine = Status(code=Status.STATUS_CODE_OK)
    store.send(encoded(span(1, attributes=[FAILED], status=fine)))

    (summary,) = store.ask(f"/api/v3/trace-summaries?{TIMES}").json["summaries"]
    assert "errorSpanCount" not in summary


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (AnyValue(string_value=""), "empty-service-name"),
        (AnyValue(int_value=7), "service-name-wrong-type"),
    ],
)
def test_v3_shows_the_listed_name_of_a_service(
    store: TraceStore, value: AnyValue, name: str
) -> None:
    sent = request(span(1))
    sent.resource_spans[0].resource.attributes[0].value.CopyFrom(value)
    store.send(sent.SerializeToString())

    (resource,) = store.ask("/api/v3/traces/1").json["result"]["resourceSpans"]
    assert store.ask("/api/services").json["data"] == [name]
    assert resource["resource"]["attributes"] == [
        {"key": "service.name", "value": {"stringValue": name}}
    ]


def test_v3_has_an_empty_scope_and_no_unknown_numbers(store: TraceStore) -> None:
    sent = request(span(1, kind=99, status=Status(code=99)))  # type: ignore[arg-type]  # unknown
    sent.resource_spans[0].scope_spans[0].scope.CopyFrom(InstrumentationScope())
    store.send(sent.SerializeToString())

    (resource,) = store.ask("/api/v3/traces/1").json["result"]["resourceSpans"]
    (scope,) = resource["scopeSpans"]
    assert scope["scope"] == {}
    assert "kind" not in scope["spans"][0]
    assert scope["spans"][0]["status"] == {}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/api/v3/trace-summaries?{TIMES}&query.rawTraces=maybe", 400),
        ("/api/dependencies?endTs=1764499000000&lookback=-1", 500),
    ],
)
def test_an_invalid_parameter_gets_the_status_of_jaeger(
    receiver: TraceStore, path: str, status: int
) -> None:
    assert receiver.ask(path).status == status
