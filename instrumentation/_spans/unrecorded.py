"""The span of a request that is not sampled: passes the trace on, and costs next to nothing."""

from collections.abc import Callable

from opentelemetry.trace import NonRecordingSpan, SpanContext

from instrumentation._support.once import once


class UnrecordedSpan(NonRecordingSpan):
    """A span that is not recorded; its ids are made when somebody asks for them, if ever.

    Args:
        make: The span's context.
    """

    left = False
    """True once the app has returned, so that its context belongs to no request any more."""

    def __init__(self, make: Callable[[], SpanContext]) -> None:
        self._make = make

    @once
    def _context(self) -> SpanContext:
        return self._make()
