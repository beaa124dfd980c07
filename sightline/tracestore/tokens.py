"""What a span is found by: a checksum for each `key=value` that Jaeger lets one search.

Checksums are short and need no escaping in a full-text index; two texts may share one,
so a search compares the texts of what it found.
"""

from collections.abc import Iterable, Iterator
from typing import Final
from zlib import crc32

from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, Status

from sightline.tracestore.attributes import text

KINDS: Final = ("", "internal", "server", "client", "producer", "consumer")
"""Jaeger's word for each `Span.SpanKind`."""

STATUS: Final = {Status.STATUS_CODE_OK: "OK", Status.STATUS_CODE_ERROR: "ERROR"}

_REMEMBERED: Final = 50_000
"""Attributes whose token is kept: most come again and again. At most some 15 MB."""

_SHORT_BYTES: Final = 128
"""Longer attributes, such as stack traces, seldom come again."""

Tag = tuple[str, str]


class Tokens:
    """Turns attributes into tokens, and remembers the frequent ones."""

    def __init__(self) -> None:
        self._known: dict[bytes, str] = {}

    def of_span(self, span: Span) -> str:
        """Tokens of one span: its attributes, those of its events, kind, status."""
        found = [self._token(attribute) for attribute in span.attributes]
        found += [token(tag) for tag in derived_tags(span)]
        for event in span.events:
            found.append(token(("event", event.name)))
            found += [self._token(attribute) for attribute in event.attributes]
        return " ".join(found)

    def of_origin(self, origin: ResourceSpans) -> str:
        """Tokens that all spans of one origin share: resource and scope."""
        return " ".join(token(tag) for tag in origin_tags(origin))

    def _token(self, attribute: KeyValue) -> str:
        encoded = attribute.SerializeToString()
        known = self._known.get(encoded)
        if known is None:
            known = token((attribute.key, text(attribute.value)))
            if len(encoded) <= _SHORT_BYTES:
                self._remember(encoded, known)
        return known

    def _remember(self, encoded: bytes, known: str) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[encoded] = known


def token(tag: Tag) -> str:
    """Eight hexadecimal digits for a key and a value."""
    return f"{crc32(f'{tag[0]}={tag[1]}'.encode()):08x}"


def span_tags(span: Span) -> Iterator[Tag]:
    """Every key and value that finds *span* by itself."""
    yield from _tags(span.attributes)
    yield from derived_tags(span)
    for event in span.events:
        yield ("event", event.name)
        yield from _tags(event.attributes)


def origin_tags(origin: ResourceSpans) -> Iterator[Tag]:
    """Every key and value that finds all spans of *origin*."""
    yield from _tags(origin.resource.attributes)
    for scoped in origin.scope_spans:
        yield ("otel.scope.name", scoped.scope.name)
        yield ("otel.scope.version", scoped.scope.version)
        yield from _tags(scoped.scope.attributes)


def derived_tags(span: Span) -> list[Tag]:
    """What Jaeger shows as tags although they are fields: kind, status, trace state."""
    tags = []
    if 0 < span.kind < len(KINDS):
        tags.append(("span.kind", KINDS[span.kind]))
    if span.status.code:
        tags += _status_tags(span.status)
    if span.trace_state:
        tags.append(("w3c.tracestate", span.trace_state))
    return tags


def _status_tags(status: Status) -> Iterator[Tag]:
    if status.code in STATUS:
        yield ("otel.status_code", STATUS[status.code])
    if status.code == Status.STATUS_CODE_ERROR:
        yield ("error", "true")
    if status.message:
        yield ("otel.status_description", status.message)


def _tags(attributes: Iterable[KeyValue]) -> Iterator[Tag]:
    return ((attribute.key, text(attribute.value)) for attribute in attributes)
