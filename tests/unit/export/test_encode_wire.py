"""Wire format, decoded by protobuf and by our parser."""

import pytest
from google.protobuf.wrappers_pb2 import BytesValue, Int64Value
from hypothesis import given
from hypothesis import strategies as st

from instrumentation._otlp.wire import delimited, fields, varint
from tests.strategies import INT64


@given(INT64)
def test_protobuf_decodes_varints(number: int) -> None:
    assert Int64Value.FromString(b"\x08" + varint(number)).value == number


@given(st.binary(max_size=5000))
def test_protobuf_decodes_delimited_bytes(content: bytes) -> None:
    assert BytesValue.FromString(b"\x0a" + delimited(content)).value == content


def test_every_wire_type_is_parsed() -> None:
    message = b"\x08\x96\x01" + b"\x11" + bytes(8) + b"\x1a\x02ab" + b"\x25\x01\x00\x00\x00"

    assert list(fields(message)) == [(1, 150), (2, 0), (3, b"ab"), (4, 1)]


@pytest.mark.parametrize("message", [b"\x08", b"\x0a\x05ab", b"\x0b", b"\x08" + b"\xff" * 11])
def test_invalid_protobuf_is_an_error(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"message ends|wire type|varint"):
        list(fields(message))


@given(st.binary(max_size=50))
def test_any_bytes_are_parsed_or_raise_value_error(message: bytes) -> None:
    try:
        list(fields(message))
    except ValueError as error:
        assert str(error)  # noqa: PT017  both outcomes are valid, any other exception is not
