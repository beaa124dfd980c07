"""A request's span, most of which is encoded before, says what the SDK's encoder says of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message
from opentelemetry.trace import Link, SpanContext, Status, StatusCode
from prometheus_client import CollectorRegistry

from instrumentation import Settings
from instrumentation._export.encoder import SpanEncoder
from instrumentation._otlp.attribute_group import AttributeGroup
from instrumentation._otlp.outcome import FAILED, Outcome
from instrumentation._setup.provider import build
from instrumentation._setup.recording import CountingIds, Spans
from instrumentation._spans.span import Origin, RequestSpan
from tests.strategies import ATTRIBUTES, CONTEXTS

NAMED = SpanContext(1, 2, is_remote=True)
GROUP = AttributeGroup({"url.path": "/items/1", "client.port": 50000})
OUTCOME = Outcome("GET /items/{id}", {"error.type": "500"}, FAILED)


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
        """Forget it."""


def said(message: Message) -> tuple[object, ...]:
    """All of *message*; the order of attributes says nothing."""
    attributes = sorted(item.SerializeToString(deterministic=True) for item in message.attributes)
    del message.attributes[:]
    return attributes, message


def as_the_sdk_says(span: RequestSpan) -> tuple[object, ...]:
    return said(encode_spans([span]).resource_spans[0].scope_spans[0].spans[0])


def as_we_say(span: RequestSpan) -> tuple[object, ...]:
    return said(Message.FromString(SpanEncoder().encode(span)))


@given(CONTEXTS, st.none() | CONTEXTS, ATTRIBUTES, st.floats(0, 100))
@settings(deadline=None)
def test_an_untouched_span_is_what_its_groups_and_its_outcome_say(
    origin: Origin, own: SpanContext, parent: SpanContext | None, found: dict[str, object], s: float
) -> None:
    known = {name: value for name, value in found.items() if value is not None}
    span = RequestSpan(origin, "GET", own, parent, [AttributeGroup(known), GROUP])  # type: ignore[arg-type]  # wider than AnyValue says

    span.complete(OUTCOME, s)

    assert as_we_say(span) == as_the_sdk_says(span)


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
        *("an attribute", "one of ours", "several", "name", "ok", "error", "event", "link"),
        *("exception", "ended early"),
    ],
)
def test_what_the_service_does_to_its_span_is_said(origin: Origin, act) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001  see the table
    span = RequestSpan(origin, "GET", NAMED, None, [GROUP])

    act(span)
    span.complete(OUTCOME, 0.5)

    assert as_we_say(span) == as_the_sdk_says(span)


def test_a_span_that_begins_with_links_says_so(origin: Origin) -> None:
    span = RequestSpan(origin, "GET", NAMED, None, [GROUP], (Link(NAMED),))

    span.complete(OUTCOME, 0.5)

    assert len(span.links) == 1
    assert as_we_say(span) == as_the_sdk_says(span)
