"""Attribute values as text and as JSON."""

import math

import pytest
from hypothesis import given
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from sightline.tracestore.storage.attributes import number, otlp_json, search_text, text
from tests.strategies import FINITE

NESTED = AnyValue(
    array_value=ArrayValue(
        values=[
            AnyValue(int_value=1),
            AnyValue(bool_value=True),
            AnyValue(string_value="<x>"),
            AnyValue(),
            AnyValue(
                kvlist_value=KeyValueList(
                    values=[
                        KeyValue(key="b", value=AnyValue(double_value=3.0)),
                        KeyValue(key="a", value=AnyValue(bytes_value=b"\0")),
                    ]
                )
            ),
        ]
    )
)


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        (0.0, "0"),
        (3.0, "3"),
        (1.5, "1.5"),
        (-0.25, "-0.25"),
        (1e-9, "1e-9"),
        (1e-6, "0.000001"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.25e300, "1.25e+300"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (math.nan, "NaN"),
    ],
)
def test_a_number_is_formatted_as_in_go(value: float, digits: str) -> None:
    assert number(value) == digits


@given(FINITE)
def test_a_formatted_number_parses_to_the_same_value(value: float) -> None:
    assert float(number(value)) == value


def test_arrays_and_maps_are_json_without_spaces() -> None:
    assert text(NESTED) == '[1,true,"<x>",null,{"a":"AA==","b":3}]'


@pytest.mark.parametrize(
    ("value", "searched"),
    [
        (AnyValue(double_value=0.123456789012), "0.123456789"),
        (AnyValue(double_value=1e-9), "1e-09"),
        (AnyValue(double_value=3.0), "3"),
        (AnyValue(double_value=math.inf), "Infinity"),
        (AnyValue(bytes_value=b"\0\xff"), "00ff"),
        (AnyValue(string_value="/a?x=1&y=2"), "/a?x=1&y=2"),
        (
            AnyValue(array_value=ArrayValue(values=[AnyValue(string_value="/a?x=1&y=2")])),
            '["/a?x=1&y=2"]',
        ),
    ],
)
def test_a_value_is_searched_as_in_jaeger(value: AnyValue, searched: str) -> None:
    assert search_text(value) == searched


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (AnyValue(string_value=""), {"stringValue": ""}),
        (AnyValue(bool_value=False), {"boolValue": False}),
        (AnyValue(int_value=-(2**63)), {"intValue": "-9223372036854775808"}),
        (AnyValue(double_value=math.nan), {"doubleValue": "NaN"}),
        (AnyValue(bytes_value=b"\xff"), {"bytesValue": "/w=="}),
        (AnyValue(array_value=ArrayValue()), {"arrayValue": {}}),
        (AnyValue(kvlist_value=KeyValueList()), {"kvlistValue": {}}),
        (AnyValue(), {}),
    ],
)
def test_a_value_is_encoded_as_otlp_json(value: AnyValue, shown: object) -> None:
    assert otlp_json(value) == shown
