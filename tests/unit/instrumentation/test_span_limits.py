"""Span limits of the middleware, of a tracer, and of an adopted provider."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import Link, Span, Status, StatusCode
from prometheus_client import CollectorRegistry

from instrumentation import Settings
from instrumentation._setup.provider import adopt, build
from instrumentation._setup.recording import CountingIds, Spans
from instrumentation._spans.limits import limit_tracer
from instrumentation._spans.sanitizer import DEFAULT_MAX_BYTES, MAX_KEY_LENGTH
from instrumentation._spans.span import RequestSpan

LONG = "x" * 100_000
LIMIT = 16_384
CONTEXT = trace.SpanContext(2, 2, is_remote=False)

Make = Callable[[Settings], Span]


def request_span(settings: Settings) -> Span:
    tracing = build(
        settings, service="s", registry=CollectorRegistry(), ids=CountingIds(), processor=Spans()
    )
    return RequestSpan(tracing.origin, "GET", CONTEXT, None, [])


def tracer_span(settings: Settings) -> Span:
    tracing = build(
        settings, service="s", registry=CollectorRegistry(), ids=CountingIds(), processor=Spans()
    )
    return tracing.provider.get_tracer("t").start_span("GET")


def adopted_provider_span(settings: Settings) -> Span:
    tracing = adopt(TracerProvider(shutdown_on_exit=False), settings)
    return limit_tracer(tracing.provider.get_tracer("t"), tracing.origin.sanitizer).start_span(
        "GET"
    )


def make_span(make: Make, **environ: str) -> Any:  # noqa: ANN401  a span that can be read, too
    return make(Settings.from_env({"OTEL_TRACES_EXPORTER": "none", **environ}))


every_span = pytest.mark.parametrize("make", [request_span, tracer_span, adopted_provider_span])


@every_span
def test_names_descriptions_and_attributes_are_truncated(make: Make) -> None:
    span = make_span(make)

    span.update_name(LONG)
    span.set_status(Status(StatusCode.ERROR, LONG))
    span.set_attribute("a", LONG)
    span.set_attributes({"b": [LONG] * 9, "c": b"x" * 40_000, LONG: 1})

    assert (len(span.name), len(span.status.description)) == (LIMIT, LIMIT)
    assert [len(span.attributes[key]) for key in "ac"] == [LIMIT, LIMIT]
    assert DEFAULT_MAX_BYTES - 100 < sum(map(len, span.attributes["b"])) <= DEFAULT_MAX_BYTES
    assert span.attributes["x" * MAX_KEY_LENGTH] == 1


@every_span
def test_events_and_links_are_truncated(make: Make) -> None:
    span = make_span(make)

    span.add_event(LONG, {"a": LONG, "b": [LONG] * 9})
    span.add_link(CONTEXT, {"a": LONG})

    (event,), (link,) = span.events, span.links
    assert (len(event.name), len(event.attributes["a"])) == (LIMIT, LIMIT)
    assert sum(map(len, event.attributes["b"])) <= DEFAULT_MAX_BYTES
    assert link.attributes == {"a": "x" * LIMIT}


@every_span
def test_an_exception_keeps_its_frames_without_secrets(make: Make) -> None:
    span = make_span(make)

    span.record_exception(ValueError("postgresql://me:hunter2@db", LONG), {"a": LONG})

    ((event,), found) = span.events, attributes_of(span.events[0])
    assert event.name == "exception"
    assert max(map(len, found.values())) == LIMIT
    assert "\nValueError: (" in f"\n{found['exception.stacktrace']}"
    assert "hunter2" not in str(found)
    assert "postgresql://REDACTED:REDACTED@db" in found["exception.message"]


def attributes_of(event: Any) -> Mapping[str, str]:  # noqa: ANN401  the SDK's
    return dict(event.attributes)


@every_span
def test_a_failed_block_describes_its_exception_within_the_limits(make: Make) -> None:
    span = make_span(make)

    with pytest.raises(ValueError, match="x"), trace.use_span(span):
        raise ValueError(f"/a?token=hunter2 {LONG}")

    assert len(span.status.description) == LIMIT
    assert span.status.description.startswith("ValueError: /a?token=REDACTED xxx")
    assert "hunter2" not in str(span.to_json())


@every_span
@pytest.mark.parametrize(
    "variable", ["OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT"]
)
@pytest.mark.parametrize(("limit", "name"), [(3, 256), (1000, 1000), (50_000, 50_000)])
def test_the_variables_of_opentelemetry_override_the_defaults(
    make: Make, variable: str, limit: int, name: int
) -> None:
    span = make_span(make, **{variable: str(limit)})

    span.update_name(LONG)
    span.set_status(StatusCode.ERROR, LONG)
    span.set_attribute("a", LONG)
    span.add_event("e", {"a": LONG})

    assert (len(span.name), len(span.status.description)) == (name, name)
    assert (len(span.attributes["a"]), len(span.events[0].attributes["a"])) == (limit, limit)


def test_a_tracer_starts_spans_within_the_limits() -> None:
    settings = Settings.from_env({"OTEL_TRACES_EXPORTER": "none"})
    tracing = build(settings, service=LONG, registry=CollectorRegistry(), processor=Spans())
    tracer = tracing.provider.get_tracer(LONG, LONG, attributes={"a": LONG})

    span = tracer.start_span(LONG, attributes={"a": LONG}, links=[Link(CONTEXT, {"a": LONG})])

    assert isinstance(span, ReadableSpan)
    assert (len(span.name), span.attributes) == (LIMIT, {"a": "x" * LIMIT})
    assert span.links[0].attributes == {"a": "x" * LIMIT}
    scope = span.instrumentation_scope
    assert scope is not None
    assert (len(scope.name), len(scope.version or ""), scope.attributes) == (
        *(LIMIT, LIMIT),
        {"a": "x" * LIMIT},
    )
    assert len(str(span.resource.attributes["service.name"])) == MAX_KEY_LENGTH


@pytest.mark.parametrize("key", [5, None, ("a",), b"k"])
def test_a_key_that_is_no_string_is_tolerated(key: Any) -> None:  # noqa: ANN401  users pass any
    settings = Settings.from_env({"OTEL_TRACES_EXPORTER": "none"})
    tracer = build(settings, service="s", registry=CollectorRegistry(), processor=Spans())

    span: Any = tracer.provider.get_tracer("t").start_span("GET", attributes={key: 1, "a": 2})

    assert span.attributes["a"] == 2


def test_resource_attributes_of_an_adopted_provider_are_unchanged() -> None:
    span = make_span(tracer_span)

    span.set_attribute("db.url", "postgresql://me:hunter2@db")

    assert span.attributes["db.url"] == "postgresql://me:hunter2@db"
