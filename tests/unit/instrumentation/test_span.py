"""The span of a request, held to what the SDK's span does, and harder to break."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.trace import Span, Status, StatusCode
from prometheus_client import CollectorRegistry

from instrumentation import Settings
from instrumentation._setup.provider import build
from instrumentation._setup.recording import CountingIds, Spans
from instrumentation._spans.span import RequestSpan
from tests.strategies import KEYS, VALUES

Act = Callable[[Span], None]


class Unspeakable:
    def __str__(self) -> str:
        raise LookupError("no words")


def acted(act: Act, **environ: str) -> tuple[RequestSpan, Span]:
    """Our span and the SDK's, after the same."""
    spans = Spans()
    settings = Settings.from_env({"OTEL_TRACES_EXPORTER": "none", **environ})
    tracing = build(
        settings, service="s", registry=CollectorRegistry(), ids=CountingIds(), processor=spans
    )
    theirs = tracing.provider.get_tracer("t").start_span("GET")
    context = trace.SpanContext(2, 2, is_remote=False)
    ours = RequestSpan(tracing.origin, "GET", context, None, [])
    tracing.origin.processor.on_start(ours)  # type: ignore[arg-type]  # as much of one as it uses
    for span in (ours, theirs):
        act(span)
    return ours, theirs


def attributes(span: Span) -> None:
    span.set_attributes({"a": 1, "b": "x", "c": [1.5, 2], "d": None})
    span.set_attribute("a", 2)


def ok_is_final(span: Span) -> None:
    span.set_status(StatusCode.OK)
    span.set_status(StatusCode.ERROR)


def an_error_can_be_mended(span: Span) -> None:
    span.set_status(StatusCode.ERROR, "reason")
    span.set_status(StatusCode.OK)


def unset_changes_nothing(span: Span) -> None:
    span.set_status(Status(StatusCode.ERROR))
    span.set_status(StatusCode.UNSET)


def links_and_events(span: Span) -> None:
    span.update_name("other")
    span.add_link(trace.SpanContext(1, 2, is_remote=True), {"k": "v"})
    span.add_event("e", {"k": "v"}, 7)


def too_late(span: Span) -> None:
    span.end()
    span.set_attribute("late", 1)
    span.update_name("late")


ACTS: list[Act] = [
    attributes,
    ok_is_final,
    an_error_can_be_mended,
    unset_changes_nothing,
    links_and_events,
    too_late,
]


@pytest.mark.parametrize("act", ACTS)
def test_our_span_becomes_what_the_sdks_becomes(act: Act) -> None:
    ours, theirs = acted(act)

    assert ours.name == theirs.name  # type: ignore[attr-defined]  # the SDK's is readable
    assert dict(ours.attributes or {}) == dict(theirs.attributes)  # type: ignore[attr-defined]  # as above
    assert ours.status.status_code == theirs.status.status_code  # type: ignore[attr-defined]  # as above
    assert [event.name for event in ours.events] == [event.name for event in theirs.events]  # type: ignore[attr-defined]  # as above
    assert [link.context for link in ours.links] == [link.context for link in theirs.links]  # type: ignore[attr-defined]  # as above


@given(st.dictionaries(KEYS, VALUES, max_size=5))
@settings(deadline=None)  # a busy machine is no failure
def test_every_value_that_otlp_carries_is_kept(attributes: dict[str, object]) -> None:
    ours, theirs = acted(lambda span: span.set_attributes(attributes))  # type: ignore[arg-type]  # wider than AnyValue says

    assert dict(ours.attributes or {}) == dict(theirs.attributes)  # type: ignore[attr-defined]  # the SDK's is readable


def a_lot(span: Span) -> None:
    span.set_attributes({"a": "long", "b": 1, "c": 2})
    span.add_event("first")
    span.add_event("second")
    span.add_event("third")


def test_the_limits_of_opentelemetry_hold() -> None:
    ours, _ = acted(
        a_lot,
        OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT="2",
        OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT="3",
        OTEL_SPAN_EVENT_COUNT_LIMIT="2",
    )

    assert dict(ours.attributes or {}) == {"a": "lon", "b": 1}
    assert [event.name for event in ours.events] == ["second", "third"]
    assert (ours.dropped_attributes, ours.dropped_events) == (1, 1)


def poison(span: Span) -> None:
    loop: list[object] = []
    loop.append(loop)
    span.set_attribute("object", Unspeakable())  # type: ignore[arg-type]  # what users do
    span.set_attribute("loop", loop)  # type: ignore[arg-type]  # as above
    span.add_event("event", {"key": Unspeakable()})  # type: ignore[dict-item]  # as above


def test_what_cannot_be_put_into_words_costs_its_own_value() -> None:
    span = poisoned()

    found = dict(span.attributes or {})
    assert found["object"] == "<Unspeakable>"
    assert [event.name for event in span.events] == ["event", "exception"]


def poisoned() -> RequestSpan:
    span, _ = acted(lambda _: None)
    poison(span)
    span.record_exception(LookupError(Unspeakable()))
    return span
