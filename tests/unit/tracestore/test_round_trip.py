"""Round trip: spans received over OTLP are returned by both of Jaeger's APIs."""

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from sightline.tracestore.ingest.errors import MalformedRequest
from sightline.tracestore.ingest.otlp import from_json, from_protobuf, spans
from sightline.tracestore.ingest.prepared import Decoder
from sightline.tracestore.query import json_v1, json_v3
from sightline.tracestore.query.adjust import repair, repaired
from sightline.tracestore.query.json_body import JSONBody
from sightline.tracestore.storage.reader import TraceReader
from sightline.tracestore.storage.room import Room
from sightline.tracestore.storage.store import Bounds, Store
from sightline.tracestore.storage.trace import Trace
from tests.unit.tracestore.otlp_spans import requests

NUMBERS = itertools.count(1)
BOUNDS = Bounds(spans=10**6, bytes=2**30, age_seconds=3600)

Reader = Callable[[TracesData], Trace]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Stores a request as one trace of its own, and reads it back."""
    with closing(Store(tmp_path_factory.mktemp("store") / "traces.db", BOUNDS)) as store:

        def read_back(request: TracesData) -> Trace:
            trace_id = next(NUMBERS).to_bytes(16, "big")
            for span in spans(request):
                span.trace_id = trace_id
            store.write([request])
            return TraceReader(store, Room.large()).trace(trace_id)

        yield read_back


def in_order(request: TracesData) -> list[bytes]:
    """Spans of *request*, sorted and each once: a store may reorder and drop repetitions."""
    return sorted({span.SerializeToString(deterministic=True) for span in spans(request)})


@settings(max_examples=30)
@given(request=requests())
def test_v3_keeps_every_field_of_otlp(stored: Reader, request: TracesData) -> None:
    body = JSONBody()
    with body.items_of({"resourceSpans": []}, "resourceSpans"):
        json_v3.add_trace(body, stored(request), lambda stored: stored.span)

    read = from_json(bytes(body.content))
    (sent,), (back,) = request.resource_spans, read.resource_spans
    assert in_order(read) == in_order(request)
    assert (back.resource, back.schema_url) == (sent.resource, sent.schema_url)
    assert back.scope_spans[0].scope == sent.scope_spans[0].scope
    assert back.scope_spans[0].schema_url == sent.scope_spans[0].schema_url


@settings(max_examples=30)
@given(request=requests())
def test_v1_keeps_ids_names_times_and_events(stored: Reader, request: TracesData) -> None:
    body = JSONBody()
    json_v1.add_trace(body, repair(stored(request)), repaired)

    shown = json.loads(body.content, parse_constant=pytest.fail)["spans"]
    assert set(map(line_of_json, shown)) == set(map(line_of, spans(request)))


def line_of_json(span: dict[str, object]) -> tuple[object, ...]:
    logs = span["logs"]
    assert isinstance(logs, list)
    return (span["spanID"], span["operationName"], span["startTime"], len(logs))


def line_of(span: Span) -> tuple[object, ...]:
    start = span.start_time_unix_nano // 1000
    return (span.span_id.hex(), span.name, start, len(span.events))


@pytest.mark.parametrize("read", [from_protobuf, from_json])
@given(body=st.binary(max_size=200))
def test_any_bytes_are_spans_or_malformed(read: Decoder, body: bytes) -> None:
    with suppress(MalformedRequest):
        assert isinstance(read(body), TracesData)
