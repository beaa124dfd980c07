"""Head sampling: one decision a trace, taken before any attribute is built."""

from collections.abc import Callable, Sequence
from typing import Protocol

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, TraceState
from opentelemetry.util.types import Attributes
from prometheus_client import Counter

from instrumentation._metrics.histogram import adding

LOW_BITS = (1 << 64) - 1
"""The bits of a trace id that decide. Source: OpenTelemetry SDK, ``TraceIdRatioBased``."""


class HeadSampler(Protocol):
    """Decides for a server span from what is known before the request is read."""

    reads_name: bool
    """Whether the name counts: it is not built for others."""
    dropped_with_parent: Callable[[], None] | None
    """Counts a span that is not sampled as its remote parent was not; None: others decide."""

    def samples(self, trace_id: int, parent: SpanContext | None, name: str) -> bool:
        """Whether the span is recorded and exported."""


class RatioSampler(Sampler):
    """Samples a ratio of new traces; a parent's decision is followed where *parent_based*.

    Args:
        ratio: 0 to 1.
        started: Gives the counter of spans by origin of the parent and sampling result.
    """

    reads_name = False

    def __init__(
        self, ratio: float, *, parent_based: bool, started: Callable[[str, str], Counter]
    ) -> None:
        self._ratio = ratio
        self._bound = round(ratio * (LOW_BITS + 1))
        self._parent_based = parent_based
        results = (Decision.DROP, Decision.RECORD_AND_SAMPLE)
        self._started = {
            origin: tuple(adding(started(origin, result.name), 1) for result in results)
            for origin in ("none", "remote", "local")
        }
        """By origin of the parent, then by whether the span is sampled."""
        self.dropped_with_parent = self._started["remote"][False] if parent_based else None

    def samples(self, trace_id: int, parent: SpanContext | None, name: str) -> bool:
        """Whether the span is recorded and exported; counts it as started."""
        if parent is None:
            sampled = self.root(trace_id, name)
            self._started["none"][sampled]()
            return sampled
        followed = self._parent_based
        sampled = bool(parent.trace_flags & 1) if followed else self.root(trace_id, name)
        self._started["remote" if parent.is_remote else "local"][sampled]()
        return sampled

    def root(self, trace_id: int, name: str) -> bool:
        """Whether a trace that begins here is sampled."""
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
        """The decision for a span that is started through the SDK."""
        del kind, links, trace_state
        parent = trace.get_current_span(parent_context).get_span_context()
        known = parent if parent.is_valid else None
        sampled = self.samples(trace_id, known, name)
        decision = Decision.RECORD_AND_SAMPLE if sampled else Decision.DROP
        return SamplingResult(decision, attributes, known.trace_state if known else None)

    def get_description(self) -> str:
        """What the sampler does, in the SDK's words."""
        root = f"TraceIdRatioBased{{{self._ratio}}}"
        return f"ParentBased{{root:{root}}}" if self._parent_based else root


class AdoptedSampler:
    """Asks a sampler of the SDK, ours or foreign; what it would only record is not recorded."""

    reads_name = True
    dropped_with_parent: Callable[[], None] | None = None

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def samples(self, trace_id: int, parent: SpanContext | None, name: str) -> bool:
        """Whether the span is recorded and exported."""
        context = trace.set_span_in_context(
            NonRecordingSpan(parent or trace.INVALID_SPAN_CONTEXT), Context()
        )
        result = self._sampler.should_sample(context, trace_id, name, SpanKind.SERVER)
        return result.decision is Decision.RECORD_AND_SAMPLE
