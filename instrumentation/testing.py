"""A pytest plugin: what a test's requests left behind, the same in every run.

::

    def test_an_order_is_traced(telemetry):
        telemetry.instrument(app)
        TestClient(app).get("/orders/7")

        telemetry.assert_trace(("GET /orders/{order_id}", "SELECT orders"))
        assert telemetry.metric("http_server_request_duration_seconds_count") == 1

Ids count up from 1, and every start or end of a span is one second after the one before.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from instrumentation._recording import Spans
    from instrumentation._telemetry import Telemetry

Edge = tuple[str, str]
"""Names of a span and of a span right below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSpan:
    """A finished span."""

    name: str
    kind: str
    """``SERVER``, ``CLIENT``, ``INTERNAL``, ``PRODUCER`` or ``CONSUMER``."""
    trace_id: str
    span_id: str
    parent_id: str
    """Empty for a root."""
    attributes: Mapping[str, Any]
    events: tuple[str, ...]
    """Names."""
    links: tuple[str, ...]
    """Span ids."""
    status: str
    """``UNSET``, ``OK`` or ``ERROR``."""
    start: int
    end: int
    """Seconds on the test's own clock."""


class Recording:
    """Telemetry that stays in the test."""

    def __init__(self, spans: "Spans", telemetry: "Telemetry") -> None:
        self._spans = spans
        self.telemetry = telemetry
        """What `instrument()` would have returned."""

        self._undo = ExitStack()

    def instrument(self, app: Any) -> None:  # noqa: ANN401  as instrument() takes it
        """Watch *app*, a FastAPI or Starlette app, until the test ends."""
        from instrumentation._instrument import attach  # noqa: PLC0415  other tests do without

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
    from instrumentation._recording import recording  # noqa: PLC0415  other tests do without

    with recording() as (spans, found):
        watched = Recording(spans, found)
        yield watched
        watched.close()
