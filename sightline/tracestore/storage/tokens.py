"""Search tokens: a checksum for each `key=value` that Jaeger can search.

Checksums are short and need no escaping in a full-text index. Two texts can share one, so a
search compares the texts of its candidates.
"""

from collections.abc import Iterable, Iterator
from typing import Final
from zlib import crc32

from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, Status

from instrumentation.conventions import Attribute
from sightline.jaeger_names import SPAN_KIND
from sightline.tracestore.storage.attributes import search_text

KINDS: Final = ("", "internal", "server", "client", "producer", "consumer")
"""Jaeger's name of each `Span.SpanKind`."""

STATUS: Final = {Status.STATUS_CODE_OK: "OK", Status.STATUS_CODE_ERROR: "ERROR"}

_CACHE_SIZE: Final = 50_000
"""Attributes with a cached token, because most repeat. At most about 15 MB."""

_CACHED_BYTES: Final = 128
"""Longest cached attribute; longer ones, such as stack traces, seldom repeat."""

Tag = tuple[str, str]


class Tokens:
    """Tokens of attributes, with a cache."""

    def __init__(self) -> None:
        self._cached: dict[bytes, str] = {}

    def of_span(self, span: Span) -> str:
        """Return the tokens of attributes, events, kind and status of *span*."""
        found = [self._token(attribute) for attribute in span.attributes]
        found += [token(tag) for tag in derived_tags(span)]
        for event in span.events:
            found.append(token(("event", event.name)))
            found += [self._token(attribute) for attribute in event.attributes]
        return " ".join(found)

    def of_origin(self, origin: ResourceSpans) -> str:
        """Return the tokens of resource and scope, shared by all spans of *origin*."""
        return " ".join(token(tag) for tag in origin_tags(origin))

    def _token(self, attribute: KeyValue) -> str:
        encoded = attribute.SerializeToString()
        known = self._cached.get(encoded)
        if known is None:
            known = token((attribute.key, search_text(attribute.value)))
            if len(encoded) <= _CACHED_BYTES:
                self._cache(encoded, known)
        return known

    def _cache(self, encoded: bytes, known: str) -> None:
        if len(self._cached) >= _CACHE_SIZE:
            self._cached.clear()
        self._cached[encoded] = known


def token(tag: Tag) -> str:
    """Return eight hexadecimal digits for a key and a value."""
    return f"{crc32(f'{tag[0]}={tag[1]}'.encode()):08x}"


def span_tags(span: Span) -> Iterator[Tag]:
    """Yield every searchable key and value of *span* alone."""
    yield from _tags(span.attributes)
    yield from derived_tags(span)
    for event in span.events:
        yield ("event", event.name)
        yield from _tags(event.attributes)


def origin_tags(origin: ResourceSpans) -> Iterator[Tag]:
    """Yield every searchable key and value of *origin*, common to its spans."""
    attributes = origin.resource.attributes
    # Jaeger has the service beside the tags.
    yield from _tags(pair for pair in attributes if pair.key != Attribute.SERVICE_NAME)
    for scoped in origin.scope_spans:
        yield (Attribute.OTEL_SCOPE_NAME, scoped.scope.name)
        yield (Attribute.OTEL_SCOPE_VERSION, scoped.scope.version)
        yield from _tags(scoped.scope.attributes)


def derived_tags(span: Span) -> list[Tag]:
    """Return the fields that Jaeger shows as tags: kind, status, trace state."""
    tags = []
    if 0 < span.kind < len(KINDS):
        tags.append((SPAN_KIND, KINDS[span.kind]))
    if span.status.code:
        tags += _status_tags(span.status)
    if span.trace_state:
        tags.append(("w3c.tracestate", span.trace_state))
    return tags


def _status_tags(status: Status) -> Iterator[Tag]:
    if status.code in STATUS:
        yield (Attribute.OTEL_STATUS_CODE, STATUS[status.code])
    if status.code == Status.STATUS_CODE_ERROR:
        yield ("error", "true")
    if status.message:
        yield (Attribute.OTEL_STATUS_DESCRIPTION, status.message)


def _tags(attributes: Iterable[KeyValue]) -> Iterator[Tag]:
    return ((attribute.key, search_text(attribute.value)) for attribute in attributes)
