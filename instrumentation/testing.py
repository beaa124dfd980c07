"""pytest plugin: the spans and metrics of one test, equal in every run.

::

    def test_an_order_is_traced(telemetry):
        telemetry.instrument(app)
        TestClient(app).get("/orders/7")

        telemetry.assert_trace(("GET /orders/{order_id}", "SELECT orders"))
        assert telemetry.metric("http_server_request_duration_seconds_count") == 1

Ids count up from 1. Each start or end of a span is one second after the previous one.

The fixture exports nothing. Other tests of a service export its spans, unless
``OTEL_TRACES_EXPORTER=none`` is set before the app is imported.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from instrumentation._spans.recorded import RecordedSpan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from instrumentation._setup.recording import Spans
    from instrumentation._setup.telemetry import Telemetry

__all__ = ["Edge", "RecordedSpan", "Recording", "telemetry"]

Edge = tuple[str, str]
"""Names of a parent span and of its child."""


class Recording:
    """Telemetry of one test, with its spans in memory."""

    def __init__(self, spans: Spans, telemetry: Telemetry) -> None:
        self._spans = spans
        self.telemetry = telemetry
        """The telemetry that `instrument()` returns in a service."""

        self._undo = ExitStack()

    def instrument(self, app: Any) -> None:
        """Instrument *app*, a FastAPI or Starlette app, until the test ends."""
        from instrumentation._setup.instrument import attach
        from instrumentation._setup.telemetry import pipeline_of

        self._undo.callback(attach(app, pipeline_of(self.telemetry)))

    def close(self) -> None:
        """Remove the instrumentation from all apps."""
        self._undo.close()

    @property
    def spans(self) -> list[RecordedSpan]:
        """Finished spans, ordered by start."""
        return self._spans.finished()

    def forget(self) -> None:
        """Discard the spans so far."""
        self._spans.forget()

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of the samples *name* that have at least these labels.

        Raises:
            LookupError: No sample matches; the message lists the label sets of *name*.
        """
        samples = [
            sample
            for family in self.telemetry.registry.collect()
            for sample in family.samples
            if sample.name == name
        ]
        found = [sample.value for sample in samples if labels.items() <= sample.labels.items()]
        if not found:
            existing = [sample.labels for sample in samples]
            raise LookupError(f"no sample {name} with {labels}; there are {existing or 'none'}")
        return sum(found)

    def assert_trace(self, *edges: Edge) -> None:
        """Assert that all spans belong to one trace whose edges are exactly *edges*.

        Raises:
            AssertionError: The spans differ; the message contains both.
        """
        spans = {span.span_id: span for span in self.spans}
        traces = {span.trace_id for span in spans.values()}
        found = sorted(
            (spans[span.parent_id].name, span.name)
            for span in spans.values()
            if span.parent_id in spans
        )
        assert len(traces) == 1, f"expected one trace, found {len(traces)}: {self._names()}"
        assert found == sorted(edges), f"expected {sorted(edges)}, found {found}"

    def _names(self) -> list[str]:
        return [span.name for span in self.spans]


@pytest.fixture
def telemetry() -> Iterator[Recording]:
    """Telemetry of one test: deterministic, in memory; internal errors are raised."""
    from instrumentation._setup.recording import recording

    with recording() as (spans, found):
        recorded = Recording(spans, found)
        yield recorded
        recorded.close()
