"""Table rows of a request: spans grouped by origin."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData

from instrumentation.conventions import Attribute

NO_TRACE: Final = bytes(16)
NO_SPAN: Final = bytes(8)

MAX_INTEGER: Final = 2**63 - 1
"""Largest SQLite integer, which is signed; as a time in nanoseconds: the year 2262."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Resource and scope of spans."""

    service: str
    resource: ResourceSpans
    """Message with one scope and no spans."""
    body: bytes
    """Encoded `resource`, the identity of the origin."""


class SpanRow(NamedTuple):
    """Span with its indexed columns; times in nanoseconds."""

    trace_id: bytes
    span_id: bytes
    parent_id: bytes | None
    name: str
    start: int
    duration: int
    span: Span


def rows(request: TracesData) -> Iterator[tuple[Origin, Iterator[SpanRow]]]:
    """Yield the origins of *request* with their spans."""
    for resource_spans in request.resource_spans:
        service = service_name(resource_spans.resource)
        for scope_spans in filter(_has_spans, resource_spans.scope_spans):
            yield _origin(service, resource_spans, scope_spans), map(_row, scope_spans.spans)


def _has_spans(scope: ScopeSpans) -> bool:
    return bool(scope.spans)


def _origin(service: str, resource: ResourceSpans, scope: ScopeSpans) -> Origin:
    bare = ResourceSpans(
        resource=resource.resource,
        schema_url=resource.schema_url,
        scope_spans=[ScopeSpans(scope=scope.scope, schema_url=scope.schema_url)],
    )
    return Origin(service=service, resource=bare, body=bare.SerializeToString(deterministic=True))


def _row(span: Span) -> SpanRow:
    start = span.start_time_unix_nano
    return SpanRow(
        span.trace_id or NO_TRACE,
        span.span_id or NO_SPAN,
        span.parent_span_id if span.parent_span_id.strip(b"\0") else None,
        operation_name(span),
        min(start, MAX_INTEGER),
        min(max(span.end_time_unix_nano - start, 0), MAX_INTEGER),
        span,
    )


def operation_name(span: Span) -> str:
    """Return the name of *span*. Source: Jaeger, internal/jptrace/sanitizer/emptyspanname.go."""
    return span.name or "empty-span-name"


def service_name(resource: Resource) -> str:
    """Return the service name. Source: Jaeger, internal/jptrace/sanitizer/emptyservicename.go."""
    for attribute in resource.attributes:
        if attribute.key == Attribute.SERVICE_NAME:
            if attribute.value.WhichOneof("value") != "string_value":
                return "service-name-wrong-type"
            return attribute.value.string_value or "empty-service-name"
    return "missing-service-name"
