"""The provider behind ``opentelemetry.trace.get_tracer()``.

OpenTelemetry lets a process set it once. Ours stands for the telemetry that is open now, so that
tests, reloads and several apps in one process work.
"""

from collections.abc import Iterator
from typing import Any

from opentelemetry import trace
from opentelemetry.util._decorator import _agnosticcontextmanager


class CurrentProvider(trace.TracerProvider):
    """Hands everything to the provider of the telemetry that is open; without one, to nobody."""

    def __init__(self) -> None:
        self.providers: list[trace.TracerProvider] = [trace.NoOpTracerProvider()]

    @property
    def current(self) -> trace.TracerProvider:
        """The provider that gets the spans."""
        return self.providers[-1]

    def get_tracer(self, *names: Any, **options: Any) -> trace.Tracer:  # noqa: ANN401  passed on
        """A tracer that starts its spans with whichever provider is current then."""
        return _CurrentTracer(self, names, options)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  what the SDK's provider has beyond the API
        return getattr(self.current, name)


class _CurrentTracer(trace.Tracer):
    def __init__(
        self, provider: CurrentProvider, names: tuple[Any, ...], options: dict[str, Any]
    ) -> None:
        self._provider = provider
        self._names = names
        self._options = options
        self._bound: tuple[trace.TracerProvider, trace.Tracer] | None = None

    def _tracer(self) -> trace.Tracer:
        current = self._provider.current
        if self._bound is None or self._bound[0] is not current:
            self._bound = current, current.get_tracer(*self._names, **self._options)
        return self._bound[1]

    def start_span(self, *arguments: Any, **options: Any) -> trace.Span:  # noqa: ANN401  passed on
        return self._tracer().start_span(*arguments, **options)

    @_agnosticcontextmanager
    def start_as_current_span(self, *arguments: Any, **options: Any) -> Iterator[trace.Span]:  # noqa: ANN401  passed on
        with self._tracer().start_as_current_span(*arguments, **options) as span:
            yield span


def open_provider(provider: trace.TracerProvider, *, replace: bool) -> None:
    """Make *provider* the current one.

    Args:
        provider: Takes the spans of tracers that the service gets from the API.
        replace: Whether it comes before one that is open already, as in a test.
    """
    standing = trace.get_tracer_provider()
    if not isinstance(standing, CurrentProvider):
        standing = CurrentProvider()
        trace.set_tracer_provider(standing)
    nobody = len(standing.providers) == 1
    standing.providers.insert(len(standing.providers) if replace or nobody else 1, provider)


def close_provider(provider: trace.TracerProvider) -> None:
    """Let the one that was current before be it again."""
    standing = trace.get_tracer_provider()
    if isinstance(standing, CurrentProvider) and provider in standing.providers:
        standing.providers.remove(provider)
