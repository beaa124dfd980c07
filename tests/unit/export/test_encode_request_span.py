"""A request span, which is mostly encoded in advance, equals the SDK's encoding of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message
from opentelemetry.trace import Link, SpanContext, Status, StatusCode
from prometheus_client import CollectorRegistry

from instrumentation import Settings
from instrumentation._export.encoder import SpanEncoder
from instrumentation._otlp.attribute_group import FAILED, AttributeGroup, Outcome
from instrumentation._setup.provider import build
from instrumentation._setup.recording import CountingIds, Spans
from instrumentation._spans.span import Origin, RequestSpan
from tests.strategies import ATTRIBUTES, CONTEXTS

NAMED = SpanContext(1, 2, is_remote=True)
GROUP = AttributeGroup({"url.path": "/items/1", "client.port": 50000})
OUTCOME = Outcome("GET /items/{id}", {"error.type": "500"}, FAILED)
OTHERS = ATTRIBUTES.map(
    lambda found: {
        name: value
        for name, value in found.items()
        if value is not None and name not in GROUP.attributes | OUTCOME.attributes
    }
)
"""Attributes that the groups of a request do not have."""


@pytest.fixture(scope="module")
def origin() -> Origin:
    tracing = build(
        Settings.from_env({"OTEL_TRACES_EXPORTER": "none"}),
        service="s",
        registry=CollectorRegistry(),
        ids=CountingIds(),
        processor=Spans(),
    )
    tracing.origin.processor.on_start(RequestSpan(tracing.origin, "GET", NAMED, None, []))  # type: ignore[arg-type]  # as much of one as it uses
    tracing.origin.processor = Silent()
    return tracing.origin


class Silent(Spans):
    def on_end(self, span: object) -> None:
        """Discard the span."""


def content(message: Message) -> tuple[object, ...]:
    """Return the content of *message* with its attributes in a fixed order."""
    attributes = sorted(item.SerializeToString(deterministic=True) for item in message.attributes)
    del message.attributes[:]
    return attributes, message


def encoded_by_sdk(span: RequestSpan) -> tuple[object, ...]:
    return content(encode_spans([span]).resource_spans[0].scope_spans[0].spans[0])


def encoded_by_us(span: RequestSpan) -> tuple[object, ...]:
    return content(Message.FromString(SpanEncoder().encode(span)))


@given(CONTEXTS, st.none() | CONTEXTS, OTHERS, st.floats(0, 100))
def test_an_unmodified_span_equals_the_sdks_encoding(
    origin: Origin, own: SpanContext, parent: SpanContext | None, found: dict[str, object], s: float
) -> None:
    span = RequestSpan(origin, "GET", own, parent, [AttributeGroup(found), GROUP])  # type: ignore[arg-type]  # wider than AnyValue

    span.complete(OUTCOME, s)

    assert encoded_by_us(span) == encoded_by_sdk(span)


@pytest.mark.parametrize(
    "act",
    [
        lambda span: span.set_attribute("mine", 1),
        lambda span: span.set_attribute("url.path", "/mine"),
        lambda span: span.set_attributes({"error.type": "mine", "list": [1, 2]}),
        lambda span: span.update_name("mine"),
        lambda span: span.set_status(StatusCode.OK),
        lambda span: span.set_status(Status(StatusCode.ERROR, "why")),
        lambda span: span.add_event("event", {"k": "v"}, 7),
        lambda span: span.add_link(NAMED, {"k": "v"}),
        lambda span: span.record_exception(LookupError("boom")),
        lambda span: span.end(),
    ],
    ids=[
        *("an attribute", "own attribute", "several", "name", "ok", "error", "event", "link"),
        *("exception", "ended early"),
    ],
)
def test_a_span_modified_by_the_service_equals_the_sdks_encoding(origin: Origin, act) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001  see the table
    span = RequestSpan(origin, "GET", NAMED, None, [GROUP])

    act(span)
    span.complete(OUTCOME, 0.5)

    assert encoded_by_us(span) == encoded_by_sdk(span)


def test_a_span_with_links_equals_the_sdks_encoding(origin: Origin) -> None:
    span = RequestSpan(origin, "GET", NAMED, None, [GROUP], (Link(NAMED),))

    span.complete(OUTCOME, 0.5)

    assert len(span.links) == 1
    assert encoded_by_us(span) == encoded_by_sdk(span)
