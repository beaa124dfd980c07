"""Tracing for one test: ids that count up, a logical clock, spans in memory."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace import Span as SDKSpan
from opentelemetry.sdk.trace.id_generator import IdGenerator

from instrumentation._setup.instrument import DEFAULT_EXCLUDE
from instrumentation._setup.pipeline import Options, Pipeline
from instrumentation._setup.provider import Tracing, build
from instrumentation._setup.telemetry import Telemetry, telemetry_of
from instrumentation._spans.recorded import RecordedSpan
from instrumentation.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.context import Context

ENVIRON = {"OTEL_TRACES_EXPORTER": "none", "SIGHTLINE_STRICT": "true"}
"""Environment of a test's telemetry, in place of that of the process."""


class CountingIds(IdGenerator):
    """Id generator that counts up from 1."""

    def __init__(self) -> None:
        self._traces = count(1)
        self._spans = count(1)

    def generate_trace_id(self) -> int:
        """Return the next trace id."""
        return next(self._traces)

    def generate_span_id(self) -> int:
        """Return the next span id."""
        return next(self._spans)


class Spans(SpanProcessor):
    """Finished spans in memory, each with the ticks at which it started and ended."""

    def __init__(self) -> None:
        self._clock = count()
        self._started: dict[int, int] = {}
        self._finished: list[tuple[int, int, ReadableSpan]] = []

    def on_start(self, span: SDKSpan, parent_context: Context | None = None) -> None:
        """Record the start tick of *span*."""
        del parent_context
        self._started[span.get_span_context().span_id] = next(self._clock)

    def on_end(self, span: ReadableSpan) -> None:
        """Record *span* with its end tick."""
        context = span.get_span_context()
        if context is not None:
            start = self._started.pop(context.span_id)
            self._finished.append((start, next(self._clock), span))

    def forget(self) -> None:
        """Forget the finished spans."""
        self._finished.clear()

    def finished(self) -> list[RecordedSpan]:
        """Return the finished spans, ordered by start."""
        ordered = sorted(self._finished, key=lambda entry: entry[0])
        return [_recorded_span(span, start, end) for start, end, span in ordered]


def _recorded_span(span: ReadableSpan, start: int, end: int) -> RecordedSpan:
    context = span.get_span_context() or trace.INVALID_SPAN_CONTEXT
    return RecordedSpan(
        name=span.name,
        kind=span.kind.name,
        trace_id=f"{context.trace_id:032x}",
        span_id=f"{context.span_id:016x}",
        parent_id=f"{span.parent.span_id:016x}" if span.parent else "",
        attributes=dict(span.attributes or {}),
        events=tuple(event.name for event in span.events),
        links=tuple(f"{link.context.span_id:016x}" for link in span.links),
        status=span.status.status_code.name,
        start=start,
        end=end,
    )


@contextmanager
def recording(settings: Settings | None = None) -> Iterator[tuple[Spans, Telemetry]]:
    """Open telemetry with spans in memory; it is global until the end of the block."""
    spans = Spans()

    def set_up_tracing(settings: Settings, service: str, registry: Any) -> Tracing:
        return build(
            settings, service=service, registry=registry, ids=CountingIds(), processor=spans
        )

    options = Options(service="test", exclude=DEFAULT_EXCLUDE, metrics_path="/metrics")
    pipeline = Pipeline(settings or Settings.from_env(ENVIRON), options, set_up_tracing)
    with telemetry_of(pipeline) as telemetry:
        yield spans, telemetry
