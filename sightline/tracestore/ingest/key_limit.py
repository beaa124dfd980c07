"""Key size limit of Jaeger's Badger storage.

A Badger key contains service name and operation, or service name, tag and value. Jaeger 2.20.0
answers a request that has a span above the limit with 503 and stores the other spans.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData

from instrumentation.conventions import Attribute
from sightline.tracestore.storage.attributes import indexed_bytes
from sightline.tracestore.storage.rows import operation_name, service_name
from sightline.tracestore.storage.tokens import derived_tags

MAX_KEY_BYTES: Final = 65_000
"""Source: Badger v4, ``maxKeySize``."""

_FRAME_BYTES: Final = 1 + 8 + 16
"""Size of key type, start time and trace id."""

_GROWTH: Final = 6
"""Largest growth from message to key: JSON escapes a control character as six bytes."""

_SLACK_BYTES: Final = 64
"""Length of tag names that the message lacks, like ``otel.status_description``."""

Sized = tuple[str, int]
"""Tag or operation, and its size in a key."""


def remove_refused(request: TracesData) -> list[str]:
    """Remove the spans from *request* that Jaeger would refuse.

    Returns:
        A reason for each removed span.
    """
    if _is_short(request.ByteSize()):
        return []
    return [
        reason
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for reason in _remove_from_scope(resource, scope)
    ]


def _remove_from_scope(resource: ResourceSpans, scope: ScopeSpans) -> list[str]:
    service = service_name(resource.resource)
    service_bytes = len(service.encode())
    shared = _first_too_long(_origin_keys(resource, scope), service_bytes)
    reasons, kept = [], []
    for span in scope.spans:
        too_long = shared
        if too_long is None and not _is_short(span.ByteSize() + service_bytes):
            too_long = _first_too_long(_span_keys(span), service_bytes)
        if too_long is None:
            kept.append(span)
        else:
            reasons.append(_reason(service, too_long))
    if reasons:
        copies = [Span.FromString(span.SerializeToString()) for span in kept]
        del scope.spans[:]
        scope.spans.extend(copies)
    return reasons


def _is_short(size: int) -> bool:
    return _GROWTH * size + _SLACK_BYTES + _FRAME_BYTES <= MAX_KEY_BYTES


def _first_too_long(keys: Iterable[Sized], service_bytes: int) -> Sized | None:
    for what, size in keys:
        if _FRAME_BYTES + service_bytes + size > MAX_KEY_BYTES:
            return what, _FRAME_BYTES + service_bytes + size
    return None


def _reason(service: str, key: Sized) -> str:
    what, size = key
    return (
        f"Key with size {size} exceeded {MAX_KEY_BYTES} limit. "
        f"Key: service {service[:100]!r}, {what[:200]}"
    )


def _origin_keys(resource: ResourceSpans, scope: ScopeSpans) -> Iterator[Sized]:
    yield "service", 0
    for pair in resource.resource.attributes:
        yield f"tag {pair.key!r}", len(pair.key.encode()) + indexed_bytes(pair.value)
    for key, value in (
        (Attribute.OTEL_SCOPE_NAME, scope.scope.name),
        (Attribute.OTEL_SCOPE_VERSION, scope.scope.version),
    ):
        yield f"tag {key!r}", len(key) + len(value.encode())


def _span_keys(span: Span) -> Iterator[Sized]:
    yield f"operation {operation_name(span)[:100]!r}", len(operation_name(span).encode())
    for key, value in chain(derived_tags(span), (("event", event.name) for event in span.events)):
        yield f"tag {key!r}", len(key) + len(value.encode())
    if span.status.message:
        key = Attribute.OTEL_STATUS_DESCRIPTION
        yield f"tag {key!r}", len(key) + len(span.status.message.encode())
    for pair in chain(span.attributes, *(event.attributes for event in span.events)):
        yield f"tag {pair.key!r}", len(pair.key.encode()) + indexed_bytes(pair.value)
