"""Our encoder says the same as the SDK's, the oracle, and isolates what neither can say."""

from collections.abc import Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given, settings
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


class Colour(StrEnum):
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
    """A span with these fields, encoded and decoded again."""
    fields = {"name": "s", "start_time": 1, "end_time": 2, **fields}
    span = ReadableSpan(context=CONTEXT, resource=Resource({}), **fields)
    return Span.FromString(SpanEncoder().encode(span))


def carried(value: object) -> Span:
    """A span that tried to carry *value* between two good attributes."""
    return span_with(attributes={"before": 1, "tried": value, "after": "a"})


class Weight(float):
    """A float of the service."""


class Key(bytes):
    """Bytes of the service."""


@pytest.mark.timeout(20)  # a number was once sought among all numbers
@pytest.mark.parametrize(
    ("value", "known"), [(HTTPStatus.OK, 200), (Weight(1.5), 1.5), (Key(b"k"), b"k")]
)
def test_a_value_of_a_class_derived_from_a_plain_one_is_carried(
    value: object, known: object
) -> None:
    span = carried(value)

    assert attribute(span.attributes, "tried") == known


@pytest.mark.timeout(20)  # as above
def test_times_of_a_class_derived_from_int_are_carried() -> None:
    span = span_with(start_time=HTTPStatus.OK, end_time=HTTPStatus.CREATED)

    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (200, 201)


@given(batches())
@settings(deadline=None)
def test_a_batch_decodes_to_what_the_sdk_would_have_sent(batch: Sequence[ReadableSpan]) -> None:
    ours = ExportTraceServiceRequest.FromString(encoded(batch))

    assert spans_by_origin(ours) == spans_by_origin(encode_spans(batch))


@given(batches())
@settings(deadline=None)
def test_a_request_taken_apart_and_put_together_is_the_same(batch: Sequence[ReadableSpan]) -> None:
    body = encoded(batch)

    assert encode_request(decode_request(body)) == body


def spans_by_origin(message: ExportTraceServiceRequest) -> list[tuple[bytes, ...]]:
    """Every span with what stands around it, order left out."""
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
def test_a_value_nobody_can_carry_costs_its_own_attribute_only(value: object) -> None:
    span = carried(value)

    assert [item.key for item in span.attributes] == ["before", "after"]
    assert span.dropped_attributes_count == 1


def test_a_list_that_holds_itself_costs_its_own_attribute_only() -> None:
    endless: list[object] = []
    endless.append(endless)

    assert carried(endless).dropped_attributes_count == 1


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
        (Colour.RED, "red"),
    ],
)
def test_a_value_keeps_its_type(value: object, expected: object) -> None:
    found = attribute(carried(value).attributes, "tried")

    assert (type(found), found) == (type(expected), expected)


def test_equal_values_of_different_types_are_not_confused_when_they_come_again() -> None:
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
def test_what_a_span_cannot_say_of_itself_leaves_the_rest(fields: dict[str, Any]) -> None:
    span = span_with(attributes={"kept": "k"}, **fields)

    assert attribute(span.attributes, "kept") == "k"
