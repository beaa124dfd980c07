"""Jaeger's v3 JSON: traces as OTLP/JSON, and trace summaries."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, Status

from sightline.tracestore.storage.attributes import JSON, otlp_pair
from sightline.tracestore.storage.rows import SERVICE_NAME, operation_name
from sightline.tracestore.storage.trace import StoredSpan, Trace

Object = dict[str, JSON]

WARNINGS: Final = "@jaeger@warnings"
"""Attribute with Jaeger's warnings about a span."""


def traces_json(traces: Iterable[Trace]) -> Object:
    """Return *traces* in the format of `/api/v3/traces`: one list of resources."""
    resources = [_resource(origin, group) for trace in traces for origin, group in trace.groups()]
    return {"result": {"resourceSpans": resources}}


def _resource(origin: ResourceSpans, group: list[StoredSpan]) -> Object:
    (scoped,) = origin.scope_spans
    spans = [_span(stored) for stored in group]
    attributes = _attributes(origin.resource.attributes)
    if not any(pair.key == SERVICE_NAME for pair in origin.resource.attributes):
        attributes.append({"key": SERVICE_NAME, "value": {"stringValue": group[0].service}})
    resource = _non_empty(
        attributes=attributes, droppedAttributesCount=origin.resource.dropped_attributes_count
    )
    scope = _non_empty(scope=_scope(scoped.scope), spans=spans, schemaUrl=scoped.schema_url)
    return _non_empty(resource=resource, scopeSpans=[scope], schemaUrl=origin.schema_url)


def _scope(scope: InstrumentationScope) -> Object:
    return _non_empty(
        name=scope.name,
        version=scope.version,
        attributes=_attributes(scope.attributes),
        droppedAttributesCount=scope.dropped_attributes_count,
    )


def _span(stored: StoredSpan) -> Object:
    span = stored.span
    status = _non_empty(message=span.status.message, code=span.status.code)
    return {
        **_non_empty(
            traceId=span.trace_id.hex(),
            spanId=span.span_id.hex(),
            traceState=span.trace_state,
            parentSpanId=stored.parent.hex(),
            flags=span.flags,
            name=operation_name(span),
            kind=span.kind,
            startTimeUnixNano=_nanoseconds(span.start_time_unix_nano),
            endTimeUnixNano=_nanoseconds(span.end_time_unix_nano),
            attributes=[*_attributes(span.attributes), *_warnings(stored)],
            droppedAttributesCount=span.dropped_attributes_count,
            events=[_event(event) for event in span.events],
            droppedEventsCount=span.dropped_events_count,
            links=[_link(link) for link in span.links],
            droppedLinksCount=span.dropped_links_count,
        ),
        "status": status,
    }


def _event(event: Span.Event) -> Object:
    return _non_empty(
        timeUnixNano=_nanoseconds(event.time_unix_nano),
        name=event.name,
        attributes=_attributes(event.attributes),
        droppedAttributesCount=event.dropped_attributes_count,
    )


def _link(link: Span.Link) -> Object:
    return _non_empty(
        traceId=link.trace_id.hex(),
        spanId=link.span_id.hex(),
        traceState=link.trace_state,
        attributes=_attributes(link.attributes),
        droppedAttributesCount=link.dropped_attributes_count,
        flags=link.flags,
    )


def _warnings(stored: StoredSpan) -> list[JSON]:
    texts = [{"stringValue": warning} for warning in stored.warnings]
    return [{"key": WARNINGS, "value": {"arrayValue": {"values": texts}}}] if texts else []


def _attributes(attributes: Iterable[KeyValue]) -> list[JSON]:
    return [otlp_pair(pair) for pair in attributes]


def _nanoseconds(time: int) -> str:
    return str(time) if time else ""


def _non_empty(**fields: JSON) -> Object:
    """Return *fields* without empty ones and zeros, which protobuf's JSON omits."""
    return {name: value for name, value in fields.items() if value}


def summary_json(trace: Trace) -> Object:
    """Return the summary of *trace* in the format of `/api/v3/trace-summaries`.

    The root is the earliest span without parent; a trace without one has no root fields.
    """
    ids = {stored.span.span_id for stored in trace.spans}
    spans = Counter(stored.service for stored in trace.spans)
    errors = Counter(stored.service for stored in trace.spans if _failed(stored))
    services = [
        _non_empty(name=name, spanCount=spans[name], errorSpanCount=errors[name])
        for name in sorted(spans)
    ]
    return _non_empty(
        traceId=trace.trace_id.hex(),
        **_root(trace),
        minStartTimeUnixNano=str(min(s.span.start_time_unix_nano for s in trace.spans)),
        maxEndTimeUnixNano=str(max(s.span.end_time_unix_nano for s in trace.spans)),
        spanCount=spans.total(),
        errorSpanCount=errors.total(),
        orphanSpanCount=sum(bool(s.parent) and s.parent not in ids for s in trace.spans),
        services=services,
    )


def _root(trace: Trace) -> dict[str, str]:
    roots = [stored for stored in trace.spans if not stored.parent]
    if not roots:
        return {}
    root = min(roots, key=lambda stored: stored.span.start_time_unix_nano)
    return {"rootServiceName": root.service, "rootOperationName": operation_name(root.span)}


def _failed(stored: StoredSpan) -> bool:
    return stored.span.status.code == Status.STATUS_CODE_ERROR
