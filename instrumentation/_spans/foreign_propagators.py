"""Propagators of installed packages, for the formats that ``OTEL_PROPAGATORS`` adds to W3C's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from opentelemetry import baggage, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter, Setter

from instrumentation._support.plugins import load_plugin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.propagators.textmap import TextMapPropagator
    from opentelemetry.trace import SpanContext

    from instrumentation._spans.propagators import Headers


class ForeignPropagators:
    """Propagators of installed packages, as one.

    Args:
        names: Names that packages register.

    Raises:
        ConfigurationError: No installed package has a propagator of a name.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._propagators = [_load(name) for name in names]
        self.fields = [field.lower() for each in self._propagators for field in each.fields]
        """Headers that may be written, in lower case."""

    def parent(self, headers: Headers) -> SpanContext | None:
        """Return the caller's span; None without a valid one."""
        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        context = Context()
        for each in self._propagators:
            context = each.extract(carrier, context, _GETTER)
        found = trace.get_current_span(context).get_span_context()
        return found if found.is_valid else None

    def inject(self, headers: dict[str, str], context: Context | None) -> None:
        """Add the headers for the span of *context*, or the current one, to *headers*."""
        for each in self._propagators:
            each.inject(headers, baggage.clear(context), _SETTER)


def _load(name: str) -> TextMapPropagator:
    packages = {"b3multi": "b3", "ottrace": "ot-trace", "xray": "aws-xray"}
    package = f"opentelemetry-propagator-{packages.get(name, name)}"
    factory = load_plugin("OTEL_PROPAGATORS", "opentelemetry_propagator", name, package=package)
    propagator: TextMapPropagator = factory()
    return propagator


class _LowerCaseGetter(Getter[Mapping[str, str]]):
    """Reader of headers with lower-case names."""

    def get(self, carrier: Mapping[str, str], key: str) -> list[str] | None:
        value = carrier.get(key.lower())
        return None if value is None else [value]

    def keys(self, carrier: Mapping[str, str]) -> list[str]:
        return list(carrier)


class _LowerCaseSetter(Setter[dict[str, str]]):
    """Writer of headers with lower-case names, which gRPC and HTTP/2 require."""

    def set(self, carrier: dict[str, str], key: str, value: str) -> None:
        carrier[key.lower()] = value


_GETTER: Final = _LowerCaseGetter()
_SETTER: Final = _LowerCaseSetter()
