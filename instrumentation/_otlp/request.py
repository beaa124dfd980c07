"""Export requests: encoding of many spans as one request, and decoding into spans.

Source: opentelemetry-proto, collector/trace/v1/trace_service.proto.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from instrumentation._otlp.values import encode_attributes, encode_bounded_text
from instrumentation._otlp.wire import SMALL, delimited, fields, varint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

_MAX_CACHED: Final = 64


class Origin(NamedTuple):
    """Encoded resource and scope of spans."""

    resource: bytes
    resource_schema: bytes
    scope: bytes
    scope_schema: bytes


EncodedSpan = tuple[Origin, bytes]
"""Origin and ``Span`` message."""


class OriginEncoder:
    """Encoder of resources and scopes. Each object is encoded once."""

    def __init__(self) -> None:
        self._cache: dict[
            tuple[int, int], tuple[Resource, InstrumentationScope | None, Origin]
        ] = {}
        self._origins: dict[Origin, Origin] = {}

    def encode(self, resource: Resource, scope: InstrumentationScope | None) -> Origin:
        """Return the origin of spans with this resource and scope."""
        # Keyed by id, because hashing a resource serializes it. The entry keeps the objects alive,
        # so that Python does not reuse their ids.
        key = (id(resource), id(scope))
        cached = self._cache.get(key)
        if cached is None:
            if len(self._cache) >= _MAX_CACHED:
                self._cache.clear()
                self._origins.clear()
            origin = _origin(resource, scope)
            cached = (resource, scope, self._origins.setdefault(origin, origin))
            self._cache[key] = cached
        return cached[2]


def encode_request(spans: Iterable[EncodedSpan]) -> bytes:
    """Encode an ``ExportTraceServiceRequest`` with spans grouped by resource, then by scope."""
    # Keyed by id: an `OriginEncoder` returns one object for equal origins.
    by_origin: dict[int, tuple[Origin, list[bytes]]] = {}
    last: Origin | None = None
    for origin, message in spans:
        if origin is not last:
            last = origin
            add = by_origin.setdefault(id(origin), (origin, []))[1].append
        add(message)
    resources: dict[tuple[bytes, bytes], list[bytes]] = {}
    for origin, messages in by_origin.values():
        scopes = resources.setdefault((origin.resource, origin.resource_schema), [])
        scopes += _scope_spans(origin, messages)
    return b"".join(
        chain.from_iterable(
            _message_chunks(b"\x0a", [resource, *scopes, schema])
            for (resource, schema), scopes in resources.items()
        )
    )


def decode_request(body: bytes) -> Iterator[EncodedSpan]:
    """Yield the spans of a request that `encode_request` returned."""
    for resource_spans in _messages(body, 1):
        resource, resource_schema = _field(resource_spans, 1), _field(resource_spans, 3)
        for scope_spans in _messages(resource_spans, 2):
            scope, scope_schema = _field(scope_spans, 1), _field(scope_spans, 3)
            origin = Origin(resource, resource_schema, scope, scope_schema)
            for message in _messages(scope_spans, 2):
                yield origin, message


def _scope_spans(origin: Origin, messages: list[bytes]) -> list[bytes]:
    known = len(_HEADS)
    heads = [
        _HEADS[size] if size < known else b"\x12" + varint(size) for size in map(len, messages)
    ]
    spans = chain.from_iterable(zip(heads, messages, strict=True))
    return _message_chunks(b"\x12", [origin.scope, *spans, origin.scope_schema])


def _message_chunks(tag: bytes, chunks: list[bytes]) -> list[bytes]:
    """Return tag, length and *chunks* of a message. The caller joins all chunks once."""
    return [tag + varint(sum(map(len, chunks))), *chunks]


_HEADS: Final = tuple(map(b"\x12".__add__, SMALL))
"""Tag and length prefix of a ``Span`` message, by length."""


def _origin(resource: Resource, scope: InstrumentationScope | None) -> Origin:
    values, _ = encode_attributes(b"\x0a", resource.attributes)
    return Origin(
        resource=b"\x0a" + delimited(b"".join(values)),
        resource_schema=_schema(resource.schema_url),
        scope=b"\x0a" + delimited(_scope(scope) if scope else b""),
        scope_schema=_schema(scope.schema_url if scope else None),
    )


def _scope(scope: InstrumentationScope) -> bytes:
    values, _ = encode_attributes(b"\x1a", scope.attributes)
    name, version = encode_bounded_text(scope.name), encode_bounded_text(scope.version)
    return b"\x0a" + delimited(name) + b"\x12" + delimited(version) + b"".join(values)


def _schema(url: str | None) -> bytes:
    return b"\x1a" + delimited(encode_bounded_text(url)) if url else b""


def _messages(message: bytes, number: int) -> Iterator[bytes]:
    return (
        value for found, value in fields(message) if found == number and isinstance(value, bytes)
    )


def _field(message: bytes, number: int) -> bytes:
    """Return the field with its tag, as in `Origin`; empty when absent."""
    tag = bytes((number << 3 | 2,))
    return b"".join(tag + delimited(value) for value in _messages(message, number))
