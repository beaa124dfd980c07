"""Strategies for arbitrary OTLP messages."""

from typing import Any

from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import (
    ResourceSpans,
    ScopeSpans,
    Span,
    Status,
    TracesData,
)

from tests.strategies import INT64, KEYS, TEXT

UINT32 = st.integers(min_value=0, max_value=2**32 - 1)
SPAN_IDS = st.binary(min_size=8, max_size=8).filter(any)
TRACE_IDS = st.binary(min_size=16, max_size=16).filter(any)
MOMENTS = st.integers(min_value=0, max_value=2**64 - 2)

SCALARS = st.one_of(
    st.just(AnyValue()),
    st.builds(AnyValue, string_value=TEXT),
    st.builds(AnyValue, bool_value=st.booleans()),
    st.builds(AnyValue, int_value=INT64),
    st.builds(AnyValue, double_value=st.floats(allow_nan=False)),
    st.builds(AnyValue, bytes_value=st.binary(max_size=9)),
)


def _pairs(values: st.SearchStrategy[AnyValue]) -> st.SearchStrategy[list[KeyValue]]:
    return st.lists(
        st.builds(KeyValue, key=KEYS, value=values), max_size=3, unique_by=lambda pair: pair.key
    )


def _nested(values: st.SearchStrategy[AnyValue]) -> st.SearchStrategy[AnyValue]:
    lists = st.builds(ArrayValue, values=st.lists(values, max_size=3))
    maps = st.builds(KeyValueList, values=_pairs(values))
    return st.builds(AnyValue, array_value=lists) | st.builds(AnyValue, kvlist_value=maps)


ATTRIBUTES = _pairs(st.recursive(SCALARS, _nested, max_leaves=5))

EVENTS = st.builds(
    Span.Event,
    time_unix_nano=MOMENTS,
    name=TEXT,
    attributes=ATTRIBUTES,
    dropped_attributes_count=UINT32,
)
LINKS = st.builds(
    Span.Link,
    trace_id=TRACE_IDS,
    span_id=SPAN_IDS,
    trace_state=TEXT,
    attributes=ATTRIBUTES,
    dropped_attributes_count=UINT32,
    flags=UINT32,
)
STATUSES = st.builds(Status, message=TEXT, code=st.sampled_from(Status.StatusCode.values()))


@st.composite
def spans(draw: st.DrawFn) -> Span:
    """Return a strategy for spans with a name, a duration and arbitrary other fields."""
    start = draw(MOMENTS)
    fields: dict[str, Any] = {
        "events": draw(st.lists(EVENTS, max_size=2)),
        "links": draw(st.lists(LINKS, max_size=2)),
        "status": draw(STATUSES),
    }
    return Span(
        trace_id=draw(TRACE_IDS),
        span_id=draw(SPAN_IDS),
        parent_span_id=draw(SPAN_IDS | st.just(b"")),
        trace_state=draw(TEXT),
        flags=draw(UINT32),
        name=draw(KEYS),
        kind=draw(st.sampled_from(Span.SpanKind.values())),
        start_time_unix_nano=start,
        end_time_unix_nano=draw(st.integers(min_value=start + 1, max_value=2**64 - 1)),
        attributes=draw(ATTRIBUTES),
        dropped_attributes_count=draw(UINT32),
        dropped_events_count=draw(UINT32),
        dropped_links_count=draw(UINT32),
        **fields,
    )


@st.composite
def requests(draw: st.DrawFn) -> TracesData:
    """Spans of one service and one scope."""
    service = KeyValue(key="service.name", value=AnyValue(string_value=draw(KEYS)))
    others = draw(ATTRIBUTES.filter(lambda pairs: all(p.key != "service.name" for p in pairs)))
    scope = InstrumentationScope(
        name=draw(TEXT),
        version=draw(TEXT),
        attributes=draw(ATTRIBUTES),
        dropped_attributes_count=draw(UINT32),
    )
    scoped = ScopeSpans(
        scope=scope,
        schema_url=draw(TEXT),
        spans=draw(st.lists(spans(), min_size=1, max_size=3)),
    )
    resource = Resource(attributes=[service, *others], dropped_attributes_count=draw(UINT32))
    whole = ResourceSpans(resource=resource, schema_url=draw(TEXT), scope_spans=[scoped])
    return TracesData(resource_spans=[whole])
