"""Jaeger's v3 JSON: traces as OTLP/JSON, and trace summaries."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, Status

from instrumentation.conventions import Attribute
from sightline.tracestore.query.adjust import Show
from sightline.tracestore.query.json_body import JSONBody
from sightline.tracestore.storage.attributes import JSON, otlp_pair
from sightline.tracestore.storage.rows import operation_name
from sightline.tracestore.storage.tokens import STATUS
from sightline.tracestore.storage.trace import StoredSpan, Trace, cut_warning

Object = dict[str, JSON]

_WITHOUT_DETAILS: Final[Object] = {"events": [], "links": []}

WARNINGS: Final = "@jaeger@warnings"
"""Attribute with Jaeger's warnings about a span."""


def add_trace(body: JSONBody, trace: Trace, show: Show) -> None:
    """Add *trace* to *body* in the format of `/api/v3/traces`, which is a list of resources.

    The first span without room is added without its attributes, and is the last one.
    """
    before = 0
    for origin, group in trace.groups():
        spans: Iterable[Object] = (_span(stored, show(stored)) for stored in group)
        with body.items_of(_resource(origin, group[0].service), "spans"):
            added, cut = body.add_all(spans, together=trace.small)
            if cut is not None:
                warnings = [*group[added].warnings, cut_warning(before + added + 1)]
                bare = {**cut, **_WITHOUT_DETAILS, "attributes": _warnings(warnings)}
                body.add(bare, last=True)
        if body.full:
            return
        before += added


def _resource(origin: ResourceSpans, service: str) -> Object:
    (scoped,) = origin.scope_spans
    attributes = _resource_attributes(origin.resource.attributes, service)
    resource = _non_empty(
        attributes=attributes, droppedAttributesCount=origin.resource.dropped_attributes_count
    )
    scope: Object = {
        "scope": _scope(scoped.scope),
        "spans": [],
        **_non_empty(schemaUrl=scoped.schema_url),
    }
    return _non_empty(resource=resource, scopeSpans=[scope], schemaUrl=origin.schema_url)


def _resource_attributes(attributes: Iterable[KeyValue], service: str) -> list[JSON]:
    """Return *attributes* with the name under which *service* is listed."""
    named: Object = {"key": Attribute.SERVICE_NAME, "value": {"stringValue": service}}
    shown = [
        named if pair.key == Attribute.SERVICE_NAME else otlp_pair(pair) for pair in attributes
    ]
    return [*shown] if named in shown else [*shown, named]


def _scope(scope: InstrumentationScope) -> Object:
    return _non_empty(
        name=scope.name,
        version=scope.version,
        attributes=_attributes(scope.attributes),
        droppedAttributesCount=scope.dropped_attributes_count,
    )


def _span(stored: StoredSpan, span: Span) -> Object:
    status = _non_empty(
        message=span.status.message, code=span.status.code if span.status.code in STATUS else 0
    )
    return {
        **_non_empty(
            traceId=span.trace_id.hex(),
            spanId=span.span_id.hex(),
            traceState=span.trace_state,
            parentSpanId=stored.parent.hex(),
            flags=span.flags,
            name=operation_name(span),
            kind=span.kind if span.kind in Span.SpanKind.values() else 0,
            startTimeUnixNano=_nanoseconds(span.start_time_unix_nano),
            endTimeUnixNano=_nanoseconds(span.end_time_unix_nano),
            attributes=[*_attributes(span.attributes), *_warnings(stored.warnings)],
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


def _warnings(warnings: Iterable[str]) -> list[JSON]:
    texts = [{"stringValue": warning} for warning in warnings]
    return [{"key": WARNINGS, "value": {"arrayValue": {"values": texts}}}] if texts else []


def _attributes(attributes: Iterable[KeyValue]) -> list[JSON]:
    return [otlp_pair(pair) for pair in attributes]


def _nanoseconds(time: int) -> str:
    return str(time) if time else ""


def _non_empty(**fields: JSON) -> Object:
    """Return *fields* without empty ones and zeros, which protobuf's JSON omits."""
    return {name: value for name, value in fields.items() if value}


def summary_json(trace: Trace, show: Show) -> Object:
    """Return the summary of *trace* in the format of `/api/v3/trace-summaries`.

    The root is the earliest span without parent; a trace without one has no root fields.
    """
    ids = {stored.span_id for stored in trace.spans}
    spans = Counter(stored.service for stored in trace.spans)
    errors = Counter(stored.service for stored in trace.spans if is_error(show(stored)))
    services = [
        _non_empty(name=name, spanCount=spans[name], errorSpanCount=errors[name])
        for name in sorted(spans)
    ]
    return _non_empty(
        traceId=trace.trace_id.hex(),
        **_root(trace),
        minStartTimeUnixNano=str(min(stored.start for stored in trace.spans)),
        maxEndTimeUnixNano=str(max(stored.end for stored in trace.spans)),
        spanCount=spans.total(),
        errorSpanCount=errors.total(),
        orphanSpanCount=sum(bool(s.parent) and s.parent not in ids for s in trace.spans),
        services=services,
    )


def _root(trace: Trace) -> dict[str, str]:
    roots = [stored for stored in trace.spans if not stored.parent]
    if not roots:
        return {}
    root = min(roots, key=lambda stored: stored.start)
    return {"rootServiceName": root.service, "rootOperationName": operation_name(root.span)}


def is_error(span: Span) -> bool:
    """Return true if *span* counts as failed."""
    return span.status.code == Status.STATUS_CODE_ERROR
