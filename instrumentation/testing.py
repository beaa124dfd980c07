"""A pytest plugin: what a test's requests left behind, the same in every run.

::

    def test_an_order_is_traced(telemetry):
        telemetry.instrument(app)
        TestClient(app).get("/orders/7")

        telemetry.assert_trace(("GET /orders/{order_id}", "SELECT orders"))
        assert telemetry.metric("http_server_request_duration_seconds_count") == 1

Ids count up from 1, and every start or end of a span is one second after the one before.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from instrumentation._spans.recorded import RecordedSpan

if TYPE_CHECKING:
    from instrumentation._setup.recording import Spans
    from instrumentation._setup.telemetry import Telemetry

__all__ = ["Edge", "RecordedSpan", "Recording", "telemetry"]

Edge = tuple[str, str]
"""Names of a span and of a span right below it."""


class Recording:
    """Telemetry that stays in the test."""

    def __init__(self, spans: "Spans", telemetry: "Telemetry") -> None:
        self._spans = spans
        self.telemetry = telemetry
        """What `instrument()` would have returned."""

        self._undo = ExitStack()

    def instrument(self, app: Any) -> None:  # noqa: ANN401  as instrument() takes it
        """Watch *app*, a FastAPI or Starlette app, until the test ends."""
        from instrumentation._setup.instrument import attach  # noqa: PLC0415  other tests do without

        self._undo.callback(attach(app, self.telemetry))

    def close(self) -> None:
        """Watch no app any more."""
        self._undo.close()

    @property
    def spans(self) -> list[RecordedSpan]:
        """Finished spans by start."""
        return self._spans.finished()

    def forget(self) -> None:
        """Forget the spans so far."""
        self._spans.forget()

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples *name* that have these labels, whatever others they have.

        Raises:
            LookupError: There is no such sample; names those that come close.
        """
        samples = [
            sample
            for family in self.telemetry.registry.collect()
            for sample in family.samples
            if sample.name == name
        ]
        found = [sample.value for sample in samples if labels.items() <= sample.labels.items()]
        if not found:
            close = [sample.labels for sample in samples]
            raise LookupError(f"no sample {name} with {labels}; there are {close or 'none'}")
        return sum(found)

    def assert_trace(self, *edges: Edge) -> None:
        """Assert that all spans belong to one trace whose edges are exactly *edges*."""
        spans = {span.span_id: span for span in self.spans}
        traces = {span.trace_id for span in spans.values()}
        found = sorted(
            (spans[span.parent_id].name, span.name)
            for span in spans.values()
            if span.parent_id in spans
        )
        assert len(traces) == 1, f"expected one trace, found {len(traces)}: {self._names()}"  # noqa: S101  it is an assertion
        assert found == sorted(edges), f"expected {sorted(edges)}, found {found}"  # noqa: S101  as above

    def _names(self) -> list[str]:
        return [span.name for span in self.spans]


@pytest.fixture
def telemetry() -> Iterator[Recording]:
    """Telemetry of one test: deterministic, in memory, failures of its own raised."""
    from instrumentation._setup.recording import recording  # noqa: PLC0415  other tests do without

    with recording() as (spans, found):
        watched = Recording(spans, found)
        yield watched
        watched.close()
