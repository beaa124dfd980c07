"""The span of a request that is not sampled: passes the trace on, and costs next to nothing."""

from collections.abc import Callable
from functools import cached_property

from opentelemetry.trace import NonRecordingSpan, SpanContext


class UnrecordedSpan(NonRecordingSpan):
    """A span that is not recorded; its ids are made when somebody asks for them, if ever.

    Args:
        make: The span's context.
    """

    def __init__(self, make: Callable[[], SpanContext]) -> None:
        self._make = make

    @cached_property
    def _context(self) -> SpanContext:  # type: ignore[override]  # what NonRecordingSpan answers
        return self._make()
