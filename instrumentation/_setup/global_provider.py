"""Global tracer provider behind ``opentelemetry.trace.get_tracer()``.

OpenTelemetry allows a process to set it once. This one delegates to the provider of the telemetry
that is currently open, so that tests, reloads and several apps in one process work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry import trace

from instrumentation._support.opentelemetry_access import span_manager

if TYPE_CHECKING:
    from collections.abc import Iterator


class CurrentProvider(trace.TracerProvider):
    """Delegate to the provider of the telemetry that is open; a no-op provider without one."""

    def __init__(self) -> None:
        self.providers: list[trace.TracerProvider] = [trace.NoOpTracerProvider()]

    @property
    def current(self) -> trace.TracerProvider:
        """Provider that gets the spans."""
        return self.providers[-1]

    def get_tracer(self, *names: Any, **options: Any) -> trace.Tracer:
        """Return a tracer that starts each span with the provider that is current at that time."""
        return _CurrentTracer(self, names, options)

    def __getattr__(self, name: str) -> Any:
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

    def start_span(self, *arguments: Any, **options: Any) -> trace.Span:
        return self._tracer().start_span(*arguments, **options)

    @span_manager
    def start_as_current_span(self, *arguments: Any, **options: Any) -> Iterator[trace.Span]:
        with self._tracer().start_as_current_span(*arguments, **options) as span:
            yield span


def open_provider(provider: trace.TracerProvider, *, replace: bool) -> None:
    """Make *provider* the current one.

    Args:
        provider: Gets the spans of tracers that the service obtains from the API.
        replace: True to take precedence over a provider that is open already, as a test does.
    """
    installed = trace.get_tracer_provider()
    if not isinstance(installed, CurrentProvider):
        installed = CurrentProvider()
        trace.set_tracer_provider(installed)
    none_open = len(installed.providers) == 1
    installed.providers.insert(len(installed.providers) if replace or none_open else 1, provider)


def close_provider(provider: trace.TracerProvider) -> None:
    """Remove *provider*; the one before it becomes current again."""
    installed = trace.get_tracer_provider()
    if isinstance(installed, CurrentProvider) and provider in installed.providers:
        installed.providers.remove(provider)
