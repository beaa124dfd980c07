"""OTLP attribute values as text and as JSON, formatted as in Jaeger."""

import base64
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

JSON = None | bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"]

_FIXED_FROM: Final = 1e-6
_FIXED_BELOW: Final = 1e21
"""Range in which Go writes a float without exponent. Source: encoding/json, floatEncoder."""


def text(value: AnyValue) -> str:
    """Return *value* as a text to show: `true`, `502`, `1.5`, `["a","b"]`."""
    kind = value.WhichOneof("value")
    return _TO_TEXT[kind](value) if kind in _TO_TEXT else _compact_json(value)


def search_text(value: AnyValue) -> str:
    """Return *value* as the text of a search: as `text`, but `0.3333333333` and bytes as `00ff`.

    Source: Jaeger, `internal/storage/v1/badger`, which indexes `KeyValue.AsString`.
    """
    match value.WhichOneof("value"):
        case "double_value" if math.isfinite(value.double_value):
            return f"{value.double_value:.10g}"
        case "bytes_value":
            return value.bytes_value.hex()
        case _:
            return text(value)


def indexed_bytes(value: AnyValue) -> int:
    """Return the bytes that *value* takes in a key of Badger's index."""
    if value.WhichOneof("value") == "bytes_value":
        return 2 * len(value.bytes_value)
    indexed = text(value) if value.WhichOneof("value") in _TO_TEXT else _compact_json(value)
    # Go's JSON encoder escapes the two line separators, which take three bytes in UTF-8.
    return len(indexed.encode()) + 3 * (indexed.count("\u2028") + indexed.count("\u2029"))


def count(attributes: Iterable[KeyValue]) -> int:
    """Return the number of *attributes*, with the members of their arrays and maps."""
    return sum(1 + _members(attribute.value) for attribute in attributes)


def _members(value: AnyValue) -> int:
    match value.WhichOneof("value"):
        case "array_value":
            return sum(1 + _members(member) for member in value.array_value.values)
        case "kvlist_value":
            return count(value.kvlist_value.values)
        case _:
            return 0


def number(value: float) -> str:
    """Return *value* as Go's JSON encoder formats it: `3`, `1.5`, `1e-9`."""
    if not math.isfinite(value):
        return non_finite_text(value)
    if value == 0 or _FIXED_FROM <= abs(value) < _FIXED_BELOW:
        fixed = f"{Decimal(repr(value)):f}"
        return fixed.rstrip("0").rstrip(".") if "." in fixed else fixed
    mantissa, _, exponent = repr(value).partition("e")
    sign = "-" if exponent.startswith("-") else "+"
    return f"{mantissa.removesuffix('.0')}e{sign}{exponent.lstrip('+-').lstrip('0')}"


def non_finite_text(value: float) -> str:
    """Return `NaN`, `Infinity` or `-Infinity`, the names in protobuf's JSON."""
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _sorted_by_key(attributes: Iterable[KeyValue]) -> list[KeyValue]:
    return sorted(attributes, key=lambda attribute: attribute.key)


def otlp_json(value: AnyValue) -> dict[str, JSON]:
    """Return *value* as OTLP/JSON: ``{"intValue": "42"}``; 64-bit integers are strings."""
    kind = value.WhichOneof("value")
    return _TO_OTLP[kind](value) if kind else {}


def otlp_pair(pair: KeyValue) -> dict[str, JSON]:
    """Return *pair* as OTLP/JSON."""
    return {"key": pair.key, "value": otlp_json(pair.value)}


def finite_or_text(value: float) -> float | str:
    """Return *value*; NaN and infinity, which JSON lacks, as strings."""
    return value if math.isfinite(value) else non_finite_text(value)


def _compact_json(value: AnyValue) -> str:
    """Return *value* as JSON without spaces."""
    match value.WhichOneof("value"):
        case "array_value":
            return f"[{','.join(map(_compact_json, value.array_value.values))}]"
        case "kvlist_value":
            pairs = _sorted_by_key(value.kvlist_value.values)
            return (
                f"{{{','.join(f'{_json_string(p.key)}:{_compact_json(p.value)}' for p in pairs)}}}"
            )
        case None:
            return "null"
        case "string_value" | "bytes_value":
            return _json_string(text(value))
        case _:
            return text(value)


def _json_string(string: str) -> str:
    return json.dumps(string, ensure_ascii=False)


def _base64(value: AnyValue) -> str:
    return base64.b64encode(value.bytes_value).decode()


def _otlp_array(value: AnyValue) -> dict[str, JSON]:
    items = [otlp_json(item) for item in value.array_value.values]
    return {"arrayValue": {"values": items} if items else {}}


def _otlp_map(value: AnyValue) -> dict[str, JSON]:
    pairs = [otlp_pair(pair) for pair in value.kvlist_value.values]
    return {"kvlistValue": {"values": pairs} if pairs else {}}


_TO_TEXT: Final[dict[str | None, Callable[[AnyValue], str]]] = {
    "string_value": lambda value: value.string_value,
    "bool_value": lambda value: "true" if value.bool_value else "false",
    "int_value": lambda value: str(value.int_value),
    "double_value": lambda value: number(value.double_value),
    "bytes_value": _base64,
    None: lambda _: "",
}

_TO_OTLP: Final[dict[str, Callable[[AnyValue], dict[str, JSON]]]] = {
    "string_value": lambda value: {"stringValue": value.string_value},
    "bool_value": lambda value: {"boolValue": value.bool_value},
    "int_value": lambda value: {"intValue": str(value.int_value)},
    "double_value": lambda value: {"doubleValue": finite_or_text(value.double_value)},
    "bytes_value": lambda value: {"bytesValue": _base64(value)},
    "array_value": _otlp_array,
    "kvlist_value": _otlp_map,
}
