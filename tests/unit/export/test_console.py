"""Trees of spans that ``OTEL_TRACES_EXPORTER=console`` prints."""

import io
import re
from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
)

from instrumentation._export.console import MAX_WAITING, ConsoleExporter

CALLER = SpanContext(0xA, 0xB, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def provider(out: io.StringIO) -> Iterator[TracerProvider]:
    provider = TracerProvider(resource=Resource({"service.name": "orders"}))
    provider.add_span_processor(SimpleSpanProcessor(ConsoleExporter(out)))
    yield provider
    provider.shutdown()


@pytest.fixture
def tracer(provider: TracerProvider) -> Tracer:
    return provider.get_tracer("shop")


def printed(out: io.StringIO) -> str:
    """Return the output, with placeholders for durations and ids of spans."""
    text = re.sub(r"\d+\.\d ms", "TIME", out.getvalue())
    return re.sub(r"(span|parent) [0-9a-f]{16}", r"\1 ID", text)


TREE = (
    "trace 0000000000000000000000000000000a  orders\n"
    "GET /orders/{id}  SERVER  TIME\n"
    "│  span ID  parent ID (remote)\n"
    '│  http.route="/x"\n'
    "├─ SELECT orders  CLIENT  TIME\n"
    "│  │  span ID  parent ID\n"
    "│  │  event retry after TIME  attempt=2\n"
    "│  └─ fetch  INTERNAL  TIME\n"
    "│        span ID  parent ID\n"
    "└─ render  INTERNAL  TIME  ERROR no template\n"
    "      span ID  parent ID\n"
    "      link to span ID of trace 0000000000000000000000000000000a\n"
)


def test_a_request_is_a_tree_with_attributes_events_and_links(
    tracer: Tracer, out: io.StringIO
) -> None:
    caller = trace.set_span_in_context(NonRecordingSpan(CALLER))
    with tracer.start_as_current_span(
        "GET /orders/{id}", context=caller, kind=SpanKind.SERVER, attributes={"http.route": "/x"}
    ):
        with tracer.start_as_current_span("SELECT orders", kind=SpanKind.CLIENT) as select:
            select.add_event("retry", {"attempt": 2})
            with tracer.start_as_current_span("fetch"):
                pass
        with tracer.start_as_current_span("render", links=[Link(CALLER)]) as render:
            render.set_status(StatusCode.ERROR, "no template")

    assert printed(out) == TREE


def test_requests_at_the_same_time_are_not_mixed(tracer: Tracer, out: io.StringIO) -> None:
    first, second = (tracer.start_span(name) for name in ("first", "second"))
    for root in (first, second):
        with trace.use_span(root):
            tracer.start_span("child").end()
    second.end()
    first.end()

    roots = [line.split()[0] for line in out.getvalue().splitlines() if line[0] in "fs"]
    assert roots == ["second", "first"]
    assert out.getvalue().count("└─ child") == 2


def test_a_background_task_that_ends_later_is_printed_at_once(
    tracer: Tracer, out: io.StringIO
) -> None:
    with tracer.start_as_current_span("POST /orders"):
        task = tracer.start_span("send mail")
        with trace.use_span(task):
            tracer.start_span("connect").end()
    assert "send mail" not in out.getvalue()

    task.end()

    assert printed(out).endswith(
        "send mail  INTERNAL  TIME\n"
        "│  span ID  parent ID\n"
        "└─ connect  INTERNAL  TIME\n"
        "      span ID  parent ID\n"
    )


def test_the_spans_of_an_unfinished_request_are_printed_at_shutdown(
    provider: TracerProvider, tracer: Tracer, out: io.StringIO
) -> None:
    with trace.use_span(tracer.start_span("never ends")), tracer.start_as_current_span("outer"):
        tracer.start_span("inner").end()
    assert out.getvalue() == ""

    provider.shutdown()

    assert "outer  INTERNAL" in out.getvalue()
    assert "└─ inner  INTERNAL" in out.getvalue()


def test_a_request_of_many_spans_does_not_fill_the_memory(tracer: Tracer, out: io.StringIO) -> None:
    with trace.use_span(tracer.start_span("never ends")):
        for number in range(MAX_WAITING + 5):
            tracer.start_span(f"step {number}").end()

    assert out.getvalue().count("step ") == 5


def test_a_trace_may_be_deeper_than_the_stack(tracer: Tracer, out: io.StringIO) -> None:
    spans = [tracer.start_span("step 0")]
    for number in range(1, MAX_WAITING):
        within = trace.set_span_in_context(spans[-1])
        spans.append(tracer.start_span(f"step {number}", context=within))
    for span in reversed(spans):
        span.end()

    assert out.getvalue().count("step ") == MAX_WAITING
