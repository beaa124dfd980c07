"""Head sampling: one decision per trace, before any attribute is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, TraceState

from instrumentation._metrics.histogram import bound_increment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.util.types import Attributes
    from prometheus_client import Counter

LOW_BITS = (1 << 64) - 1
"""Bits of a trace id that the ratio applies to. Source: OpenTelemetry SDK,
``TraceIdRatioBased``."""


class RatioSampler(Sampler):
    """Sampler of a ratio of new traces; applies a parent's decision if *parent_based*.

    Args:
        ratio: 0 to 1.
        parent_based: Apply a parent's decision.
        started_counter: Returns the counter of spans by parent's origin and sampling result.
    """

    needs_name = False

    def __init__(
        self, ratio: float, *, parent_based: bool, started_counter: Callable[[str, str], Counter]
    ) -> None:
        self._ratio = ratio
        self._bound = round(ratio * (LOW_BITS + 1))
        self._parent_based = parent_based
        results = (Decision.DROP, Decision.RECORD_AND_SAMPLE)
        self._started = {
            origin: tuple(
                bound_increment(started_counter(origin, result.name), 1) for result in results
            )
            for origin in ("none", "remote", "local")
        }
        """Increment functions by the parent's origin, then by the decision."""
        self.count_unsampled_child = self._started["remote"][False] if parent_based else None

    def is_sampled(self, trace_id: int, parent: SpanContext | None, name: str) -> bool:
        """Return whether the span is recorded and exported; count it as started."""
        if parent is None:
            sampled = self.sample_root(trace_id, name)
            self._started["none"][sampled]()
            return sampled
        followed = self._parent_based
        sampled = bool(parent.trace_flags & 1) if followed else self.sample_root(trace_id, name)
        self._started["remote" if parent.is_remote else "local"][sampled]()
        return sampled

    def sample_root(self, trace_id: int, name: str) -> bool:
        """Return whether a new trace is sampled."""
        del name
        return (trace_id & LOW_BITS) < self._bound

    def should_sample(  # noqa: PLR0913, PLR0917  the SDK's signature
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Return the decision for a span that is started with the SDK's API."""
        del kind, links, trace_state
        parent = trace.get_current_span(parent_context).get_span_context()
        known = parent if parent.is_valid else None
        sampled = self.is_sampled(trace_id, known, name)
        decision = Decision.RECORD_AND_SAMPLE if sampled else Decision.DROP
        return SamplingResult(decision, attributes, known.trace_state if known else None)

    def get_description(self) -> str:
        """Return the SDK's description of the sampler."""
        root = f"TraceIdRatioBased{{{self._ratio}}}"
        return f"ParentBased{{root:{root}}}" if self._parent_based else root


class SDKSampler:
    """Adapter of an SDK sampler; ``RECORD_ONLY`` counts as not sampled."""

    needs_name = True
    count_unsampled_child: Callable[[], None] | None = None

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def is_sampled(self, trace_id: int, parent: SpanContext | None, name: str) -> bool:
        """Return whether the span is recorded and exported."""
        context = trace.set_span_in_context(
            NonRecordingSpan(parent or trace.INVALID_SPAN_CONTEXT), Context()
        )
        result = self._sampler.should_sample(context, trace_id, name, SpanKind.SERVER)
        return result.decision is Decision.RECORD_AND_SAMPLE
