"""Jaeger's v1 JSON: times in microseconds, typed tags, processes by reference."""

import base64
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, Status

from instrumentation.conventions import Attribute
from sightline.jaeger_names import SPAN_KIND
from sightline.tracestore.query.adjust import Show
from sightline.tracestore.query.json_body import JSONBody
from sightline.tracestore.query.responses import encoded
from sightline.tracestore.storage.attributes import JSON, finite_or_text, text
from sightline.tracestore.storage.rows import operation_name, service_name
from sightline.tracestore.storage.tokens import KINDS, STATUS
from sightline.tracestore.storage.trace import StoredSpan, Trace, cut_warning

_SAFE: Final = 2**53
"""First integer that JavaScript cannot represent; Jaeger writes larger ones as strings."""

Object = dict[str, JSON]

_WITHOUT_DETAILS: Final[Object] = {"references": [], "tags": [], "logs": []}


def add_trace(body: JSONBody, trace: Trace, show: Show) -> None:
    """Add *trace* to *body* in the format of `/api/traces`.

    The first span without room is added without its attributes, and is the last one.
    """
    identifier = trace_id_text(trace.trace_id)
    groups = list(trace.groups())
    names, processes = _processes(origin for origin, _ in groups)
    document: Object = {"traceID": identifier, "spans": [], "processes": None, "warnings": None}
    named = [
        (stored, name) for name, (_, group) in zip(names, groups, strict=True) for stored in group
    ]
    spans: Iterable[Object] = (
        _span(stored, show(stored), identifier, name) for stored, name in named
    )
    with body.items_of(document, "spans", {"processes": processes}):
        added, cut = body.add_all(spans, together=trace.small)
        if cut is not None:
            stored, _ = named[added]
            warnings = [*stored.warnings, cut_warning(added + 1)]
            body.add({**cut, **_WITHOUT_DETAILS, "warnings": warnings}, last=True)


def _processes(origins: Iterable[ResourceSpans]) -> tuple[list[str], bytes]:
    """Return the name of each origin's process, and the JSON of the processes by name."""
    known: dict[bytes, str] = {}
    names = [
        known.setdefault(encoded(_process(origin)), f"p{len(known) + 1}") for origin in origins
    ]
    fields = (b'"%s":%s' % (name.encode(), process) for process, name in known.items())
    return names, b"{%s}" % b",".join(fields)


def trace_id_text(trace_id: bytes) -> str:
    """Return 32 hexadecimal digits, or 16 if the upper half is zero."""
    return trace_id.hex() if trace_id[:8].strip(b"\0") else trace_id[8:].hex()


def _process(origin: ResourceSpans) -> Object:
    attributes = (pair for pair in origin.resource.attributes if pair.key != Attribute.SERVICE_NAME)
    return {"serviceName": service_name(origin.resource), "tags": list(map(_tag, attributes))}


def _span(stored: StoredSpan, span: Span, trace_id: str, process: str) -> Object:
    duration = span.end_time_unix_nano - span.start_time_unix_nano
    return {
        "traceID": trace_id,
        "spanID": span.span_id.hex() or "0" * 16,
        "operationName": operation_name(span),
        "references": _references(stored, span, trace_id),
        "startTime": span.start_time_unix_nano // 1000,
        "duration": duration // 1000,
        "tags": [*_scope_tags(stored.origin), *_attribute_tags(span), *_field_tags(span)],
        "logs": [_log(event) for event in span.events],
        "processID": process,
        "warnings": stored.warnings or None,
    }


def _references(stored: StoredSpan, span: Span, trace_id: str) -> list[JSON]:
    """Return the parent and the links; a link to the parent replaces it."""
    references: dict[tuple[str, str], str] = {}
    if stored.parent:
        references[trace_id, stored.parent.hex()] = "CHILD_OF"
    for link in span.links:
        references[trace_id_text(link.trace_id), link.span_id.hex()] = "FOLLOWS_FROM"
    return [
        {"refType": kind, "traceID": trace, "spanID": span_id}
        for (trace, span_id), kind in references.items()
    ]


def _scope_tags(origin: ResourceSpans) -> list[JSON]:
    (scoped,) = origin.scope_spans
    named = {
        Attribute.OTEL_SCOPE_NAME: scoped.scope.name,
        Attribute.OTEL_SCOPE_VERSION: scoped.scope.version,
    }
    return [_field(key, "string", value) for key, value in named.items() if value]


def _attribute_tags(span: Span) -> list[JSON]:
    return [_tag(pair) for pair in span.attributes if pair.key != SPAN_KIND]


def _field_tags(span: Span) -> list[JSON]:
    """Return the tags of OTLP fields: kind, status, trace state."""
    tags: list[JSON] = []
    if 0 < span.kind < len(KINDS):
        tags.append(_field(SPAN_KIND, "string", KINDS[span.kind]))
    if span.status.code in STATUS:
        tags.append(_field(Attribute.OTEL_STATUS_CODE, "string", STATUS[span.status.code]))
    if span.status.code == Status.STATUS_CODE_ERROR:
        tags.append(_field("error", "bool", value=True))
    if span.status.message:
        tags.append(_field(Attribute.OTEL_STATUS_DESCRIPTION, "string", span.status.message))
    if span.trace_state:
        tags.append(_field("w3c.tracestate", "string", span.trace_state))
    return tags


def _log(event: Span.Event) -> JSON:
    """Return *event* as a log; an attribute `event` replaces the name, an empty name is omitted."""
    replacing = [pair for pair in event.attributes if pair.key == "event"]
    name = [_field("event", "string", event.name)] if event.name else []
    others = [_tag(pair) for pair in event.attributes if pair.key != "event"]
    fields = [*(map(_tag, replacing) if replacing else name), *others]
    return {"timestamp": event.time_unix_nano // 1000, "fields": fields}


def _tag(pair: KeyValue) -> Object:
    kind = pair.value.WhichOneof("value")
    type_, form = _TYPES.get(kind or "", ("string", text))
    return _field(pair.key, type_, form(pair.value))


def _field(key: str, type_: str, value: JSON) -> Object:
    return {"key": key, "type": type_, "value": value}


def _integer(value: AnyValue) -> int | str:
    number = value.int_value
    return number if -_SAFE < number < _SAFE else str(number)


_TYPES: Final[dict[str, tuple[str, Callable[[AnyValue], JSON]]]] = {
    "bool_value": ("bool", lambda value: value.bool_value),
    "int_value": ("int64", _integer),
    "double_value": ("float64", lambda value: finite_or_text(value.double_value)),
    "bytes_value": ("binary", lambda value: base64.b64encode(value.bytes_value).decode()),
}


def envelope(data: JSON, *, total: int = 0, errors: Sequence[JSON] = ()) -> Object:
    """Return the wrapper of every v1 response; *total* is the number of names, 0 for traces."""
    return {"data": data, "total": total, "limit": 0, "offset": 0, "errors": errors or None}
