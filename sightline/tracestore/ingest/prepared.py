"""Requests that are checked and split, ready to be written."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData

from sightline.tracestore.ingest.errors import TooManyItems
from sightline.tracestore.ingest.key_limit import remove_refused
from sightline.tracestore.ingest.otlp import span_count

Decoder = Callable[[bytes], TracesData]
"""Returns a valid request, or raises `MalformedRequest`."""

MAX_PART_SPANS: Final = 1024
"""They delay other requests by less than 0.1 s."""

_MAX_ORIGIN_BYTES: Final = 20 * 1024 * 1024
"""The resource is stored with each scope. All copies together may be as large as a body."""

_MAX_COPIED_BYTES: Final = 64 * 1024
"""Larger resources are not repeated in several parts."""


class Prepared(NamedTuple):
    """Request that can be written."""

    parts: list[bytes]
    """Encoded requests. Those of other senders can be written in between."""
    spans: int
    """Number of spans in the parts."""
    reasons: list[str]
    """A reason for each span that Jaeger refuses; the parts do not contain it."""


def prepare(body: bytes, decoder: Decoder) -> Prepared:
    """Decode *body*, check it and split it.

    Raises:
        MalformedRequest: *decoder* rejects it.
        TooManyItems: The stored copies of its resources would be larger than a body may be.
    """
    request = decoder(body)
    _check_origins(request)
    reasons = remove_refused(request)
    spans = span_count(request)
    if spans <= MAX_PART_SPANS:
        return Prepared([request.SerializeToString()], spans, reasons)
    return Prepared(list(_parts(request)), spans, reasons)


def _check_origins(request: TracesData) -> None:
    copied = sum(
        resource.resource.ByteSize() * len(resource.scope_spans)
        for resource in request.resource_spans
    )
    if copied > _MAX_ORIGIN_BYTES:
        raise TooManyItems("the request has too many scopes for the size of their resources")


def _parts(request: TracesData) -> Iterator[bytes]:
    """Yield *request* in parts of about `MAX_PART_SPANS` spans."""
    part, spans = TracesData(), 0
    for resource, scope, some in _slices(request):
        if spans and spans + len(some) > MAX_PART_SPANS:
            yield part.SerializeToString()
            part, spans = TracesData(), 0
        added = part.resource_spans.add(resource=resource.resource, schema_url=resource.schema_url)
        added.scope_spans.add(scope=scope.scope, schema_url=scope.schema_url, spans=some)
        spans += len(some)
    yield part.SerializeToString()


def _slices(request: TracesData) -> Iterator[tuple[ResourceSpans, ScopeSpans, Sequence[Span]]]:
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            origin_bytes = resource.resource.ByteSize() + scope.scope.ByteSize()
            step = MAX_PART_SPANS if origin_bytes <= _MAX_COPIED_BYTES else len(scope.spans)
            for start in range(0, len(scope.spans), step or 1):
                yield resource, scope, scope.spans[start : start + step]
