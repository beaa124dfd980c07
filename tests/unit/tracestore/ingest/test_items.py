"""Number of items in a request, counted without decoding it."""

import json

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue
from opentelemetry.proto.trace.v1.trace_pb2 import (
    ResourceSpans,
    ScopeSpans,
    Span,
    TracesData,
)

from sightline.tracestore.ingest.errors import TooManyItems
from sightline.tracestore.ingest.items import (
    MAX_FIELDS,
    MAX_ITEMS,
    MAX_JSON_TOKENS,
    check_json,
    check_protobuf,
)
from tests.unit.tracestore.spans import attributes, encoded, request, span

TWO_BYTES = "x" * 125
"""Name of an event whose encoding is longer than the check's shortest body."""


def of_span(**fields: object) -> TracesData:
    scope = ScopeSpans(spans=[Span(**fields)])  # type: ignore[arg-type]  # fields of Span
    return TracesData(resource_spans=[ResourceSpans(scope_spans=[scope])])


def of_values(count: int) -> TracesData:
    (pair,) = attributes({"list": ""})
    pair.value.CopyFrom(AnyValue(array_value=ArrayValue(values=[AnyValue()] * count)))
    return of_span(attributes=[pair])


TOO_MANY = {
    "resources": TracesData(resource_spans=[ResourceSpans()] * (MAX_ITEMS + 1)),
    "scopes": TracesData(
        resource_spans=[ResourceSpans(scope_spans=[ScopeSpans()] * (MAX_ITEMS + 1))]
    ),
    "spans": request(*[Span()] * (MAX_ITEMS + 1)),
    "events": of_span(events=[Span.Event()] * (MAX_ITEMS + 1)),
    "links": of_span(links=[Span.Link()] * (MAX_ITEMS + 1)),
    "attributes": of_span(attributes=attributes({"": ""}) * (MAX_ITEMS + 1)),
    "values": of_values(MAX_ITEMS + 1),
}


REJECTED = {
    "wire type 6": b"\x0e",
    "wire type 7": b"\x0f",
    "field 0": b"\x00\x00",
    "end of a group": b"\x0c",
    "deep groups": b"\x0b" * 101,
    "long number": b"\x08" + b"\xff" * 10 + b"\x01",
    "long tag": b"\xff" * 11,
}
"""Bodies that are no protobuf."""


@pytest.mark.parametrize("case", TOO_MANY)
def test_too_many_items_of_any_kind_are_refused(case: str) -> None:
    with pytest.raises(TooManyItems, match=f"more than {MAX_ITEMS} spans, events, links"):
        check_protobuf(TOO_MANY[case].SerializeToString())


@pytest.mark.parametrize("case", ["spans", "attributes", "values"])
def test_too_many_items_in_json_are_refused(case: str) -> None:
    document = MessageToDict(TOO_MANY[case])
    filler: dict[str, list[object]] = {"filler": [{}] * MAX_JSON_TOKENS}

    with pytest.raises(TooManyItems):
        check_json(json.dumps({**document, **filler}).encode())


def test_the_largest_batches_of_exporters_are_accepted() -> None:
    pairs = attributes({f"key{number}": "value" for number in range(28)})
    body = encoded(*[span(number, attributes=pairs) for number in range(1, 8193)])

    check_protobuf(body)


@pytest.mark.parametrize("text", ["{[," * MAX_ITEMS, '\\",{[' * MAX_ITEMS, '"' * MAX_JSON_TOKENS])
def test_the_content_of_a_json_string_is_no_item(text: str) -> None:
    check_json(json.dumps({"text": text}).encode())


@pytest.mark.parametrize(
    "body",
    [
        b"\x0a" * 600_000,
        b"\xff" * 600_000,
        b"\x0b" * 600_000,
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" * 60_000,
    ],
    ids=["lengths", "varints", "groups", "huge lengths"],
)
def test_a_malformed_body_is_left_to_the_decoder(body: bytes) -> None:
    check_protobuf(body)


@pytest.mark.parametrize(
    "field",
    [b"\x0b\x0c", b"\x50\x00", b"\x7a\x00"],
    ids=["empty groups", "numbers", "unknown fields"],
)
def test_too_many_fields_are_refused_although_they_are_no_items(field: bytes) -> None:
    with pytest.raises(TooManyItems):
        check_protobuf(field * (MAX_FIELDS + 1))


def test_text_that_is_no_protobuf_does_not_end_the_count() -> None:
    sent = request(*[Span()] * (MAX_ITEMS + 1))
    sent.resource_spans[0].resource.entity_refs.add(id_keys=["\x7f\x07"])

    with pytest.raises(TooManyItems):
        check_protobuf(sent.SerializeToString())


@pytest.mark.parametrize("body", REJECTED.values(), ids=REJECTED)
def test_the_count_ends_where_the_decoder_rejects(body: bytes) -> None:
    check_protobuf(body * (2 * MAX_FIELDS))

    with pytest.raises(DecodeError):
        TracesData.FromString(body)


def test_strings_without_commas_are_left_to_the_decoder() -> None:
    check_json(b'","' + b"," * MAX_JSON_TOKENS + b'"' + b'""' * (3 * MAX_JSON_TOKENS))


def test_items_in_a_group_are_counted() -> None:
    group = b"\x7b" + b"\x0a\x00" * (MAX_ITEMS + 1) + b"\x7c"

    with pytest.raises(TooManyItems):
        check_protobuf(group)
