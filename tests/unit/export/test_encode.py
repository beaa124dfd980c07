"""The encoder equals the SDK's encoder; values that cannot be encoded are dropped."""

from collections.abc import Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, Status, StatusCode

from instrumentation._export.encoder import SpanEncoder
from instrumentation._otlp.request import OriginEncoder, decode_request, encode_request
from instrumentation._otlp.values import MAX_VALUE_BYTES
from tests.fakes import attribute
from tests.strategies import batches

CONTEXT = SpanContext(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, is_remote=False)


class Color(StrEnum):
    RED = "red"


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


def encoded(spans: Sequence[ReadableSpan]) -> bytes:
    origins, encoder = OriginEncoder(), SpanEncoder()
    return encode_request(
        (origins.encode(span.resource, span.instrumentation_scope), encoder.encode(span))
        for span in spans
    )


def span_with(**fields: Any) -> Span:  # noqa: ANN401  also what no annotation allows
    """Return a span with *fields*, encoded and decoded again."""
    fields = {"name": "s", "start_time": 1, "end_time": 2, **fields}
    span = ReadableSpan(context=CONTEXT, resource=Resource({}), **fields)
    return Span.FromString(SpanEncoder().encode(span))


def span_with_value(value: object) -> Span:
    """Return a decoded span with *value* between two valid attributes."""
    return span_with(attributes={"before": 1, "tried": value, "after": "a"})


class Weight(float):
    """Float subclass of the service."""


class Key(bytes):
    """Bytes subclass of the service."""


@pytest.mark.timeout(20)  # regression: encoding an int subclass searched all integers
@pytest.mark.parametrize(
    ("value", "known"), [(HTTPStatus.OK, 200), (Weight(1.5), 1.5), (Key(b"k"), b"k")]
)
def test_a_value_of_a_subclass_of_a_builtin_type_is_encoded(value: object, known: object) -> None:
    span = span_with_value(value)

    assert attribute(span.attributes, "tried") == known


@pytest.mark.timeout(20)  # as above
def test_timestamps_of_an_int_subclass_are_encoded() -> None:
    span = span_with(start_time=HTTPStatus.OK, end_time=HTTPStatus.CREATED)

    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (200, 201)


@given(batches())
def test_a_batch_decodes_to_the_sdks_request(batch: Sequence[ReadableSpan]) -> None:
    decoded = ExportTraceServiceRequest.FromString(encoded(batch))

    assert spans_by_origin(decoded) == spans_by_origin(encode_spans(batch))


@given(batches())
def test_a_request_split_into_spans_and_joined_is_equal(batch: Sequence[ReadableSpan]) -> None:
    body = encoded(batch)

    assert encode_request(decode_request(body)) == body


def spans_by_origin(message: ExportTraceServiceRequest) -> list[tuple[bytes, ...]]:
    """Return every span with resource, scope and schema URLs, sorted."""
    return sorted(
        (
            resource.resource.SerializeToString(deterministic=True),
            scope.scope.SerializeToString(deterministic=True),
            f"{resource.schema_url} {scope.schema_url}".encode(),
            span.SerializeToString(deterministic=True),
        )
        for resource in message.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    )


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        [1.0, float("-inf")],
        {"deep": float("nan")},
        2**63,
        object(),
        Unprintable(),
        "x" * (MAX_VALUE_BYTES + 1),
        {1: "a key must be a string"},
    ],
    ids=["nan", "inf", "list", "map", "int", "object", "unprintable", "huge", "key"],
)
def test_a_value_that_cannot_be_encoded_drops_its_attribute_only(value: object) -> None:
    span = span_with_value(value)

    assert [item.key for item in span.attributes] == ["before", "after"]
    assert span.dropped_attributes_count == 1


def test_a_list_that_contains_itself_drops_its_attribute_only() -> None:
    endless: list[object] = []
    endless.append(endless)

    assert span_with_value(endless).dropped_attributes_count == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("\ud800", r"\ud800"),
        (True, True),
        (1, 1),
        (1.0, 1.0),
        (-1, -1),
        (-(2**63), -(2**63)),
        ("", ""),
        (b"\xff", b"\xff"),
        (Color.RED, "red"),
    ],
)
def test_a_value_keeps_its_type(value: object, expected: object) -> None:
    found = attribute(span_with_value(value).attributes, "tried")

    assert (type(found), found) == (type(expected), expected)


def test_equal_values_of_different_types_are_cached_separately() -> None:
    encoder = SpanEncoder()
    values = [1, True, 1.0, 1]
    spans = [ReadableSpan("s", CONTEXT, attributes={"v": value}) for value in values]

    found = [Span.FromString(encoder.encode(span)).attributes[0].value for span in spans]

    assert [value.WhichOneof("value") for value in found] == [
        "int_value",
        "bool_value",
        "double_value",
        "int_value",
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "half \ud800"},
        {"name": None},
        {"name": "x" * (2 * MAX_VALUE_BYTES)},
        {"start_time": -1},
        {"end_time": None},
        {"status": Status(StatusCode.ERROR, "half \udfff")},
        {"kind": None},
    ],
    ids=("broken name", "no name", "long name", "early", "no end", "broken status", "no kind"),
)
def test_an_invalid_field_of_a_span_keeps_its_attributes(fields: dict[str, Any]) -> None:
    span = span_with(attributes={"kept": "k"}, **fields)

    assert attribute(span.attributes, "kept") == "k"
