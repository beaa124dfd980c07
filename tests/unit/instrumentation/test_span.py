"""The request span behaves like the SDK's span, and tolerates invalid values."""

from collections.abc import Callable

import pytest
from hypothesis import given
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


class Unprintable:
    def __str__(self) -> str:
        raise LookupError("no words")


def apply(act: Act, **environ: str) -> tuple[RequestSpan, Span]:
    """Return our span and the SDK's after the same calls."""
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


def an_error_can_be_replaced(span: Span) -> None:
    span.set_status(StatusCode.ERROR, "reason")
    span.set_status(StatusCode.OK)


def unset_changes_nothing(span: Span) -> None:
    span.set_status(Status(StatusCode.ERROR))
    span.set_status(StatusCode.UNSET)


def links_and_events(span: Span) -> None:
    span.update_name("other")
    span.add_link(trace.SpanContext(1, 2, is_remote=True), {"k": "v"})
    span.add_event("e", {"k": "v"}, 7)


def calls_after_end(span: Span) -> None:
    span.end()
    span.set_attribute("late", 1)
    span.update_name("late")


ACTS: list[Act] = [
    attributes,
    ok_is_final,
    an_error_can_be_replaced,
    unset_changes_nothing,
    links_and_events,
    calls_after_end,
]


@pytest.mark.parametrize("act", ACTS)
def test_our_span_equals_that_of_the_sdk(act: Act) -> None:
    ours, theirs = apply(act)

    assert ours.name == theirs.name  # type: ignore[attr-defined]  # the SDK's is readable
    assert dict(ours.attributes or {}) == dict(theirs.attributes)  # type: ignore[attr-defined]  # as above
    assert ours.status.status_code == theirs.status.status_code  # type: ignore[attr-defined]  # as above
    assert [event.name for event in ours.events] == [event.name for event in theirs.events]  # type: ignore[attr-defined]  # as above
    assert [link.context for link in ours.links] == [link.context for link in theirs.links]  # type: ignore[attr-defined]  # as above


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_every_value_that_otlp_carries_is_kept(attributes: dict[str, object]) -> None:
    ours, theirs = apply(lambda span: span.set_attributes(attributes))  # type: ignore[arg-type]  # wider than AnyValue says

    assert dict(ours.attributes or {}) == dict(theirs.attributes)  # type: ignore[attr-defined]  # the SDK's is readable


def exceed_limits(span: Span) -> None:
    span.set_attributes({"a": "long", "b": 1, "c": 2})
    span.add_event("first")
    span.add_event("second")
    span.add_event("third")


def test_the_limits_of_opentelemetry_apply() -> None:
    ours, _ = apply(
        exceed_limits,
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
    span.set_attribute("object", Unprintable())  # type: ignore[arg-type]  # what users do
    span.set_attribute("loop", loop)  # type: ignore[arg-type]  # as above
    span.add_event("event", {"key": Unprintable()})  # type: ignore[dict-item]  # as above


def test_an_unprintable_value_does_not_affect_the_others() -> None:
    span = poisoned_span()

    found = dict(span.attributes or {})
    assert found["object"] == "<Unprintable>"
    assert [event.name for event in span.events] == ["event", "exception"]


def poisoned_span() -> RequestSpan:
    span, _ = apply(lambda _: None)
    poison(span)
    span.record_exception(LookupError(Unprintable()))
    return span
