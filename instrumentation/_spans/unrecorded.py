"""Span of a request that is not sampled. It only propagates the trace."""

from collections.abc import Callable

from opentelemetry.trace import NonRecordingSpan, SpanContext

from instrumentation._support.cached_property import cached_property


class UnrecordedSpan(NonRecordingSpan):
    """Span that is not recorded. Its ids are generated on first access.

    Args:
        make: Returns the span's context.
    """

    app_returned = False
    """True once the app has returned: contexts with this span no longer belong to a request."""

    def __init__(self, make: Callable[[], SpanContext]) -> None:
        self._make = make

    @cached_property
    def _context(self) -> SpanContext:
        return self._make()
