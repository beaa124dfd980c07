"""Propagators: our own for the W3C's headers, and those of other packages.

Source: OpenTelemetry specification, ``OTEL_PROPAGATORS``.
"""

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Final

from opentelemetry import baggage, trace
from opentelemetry.context import Context, create_key, get_value
from opentelemetry.propagators.textmap import Getter, Setter, TextMapPropagator
from opentelemetry.trace import NonRecordingSpan, SpanContext

from instrumentation._spans.propagation import (
    NAMES,
    Headers,
    Incoming,
    Outgoing,
    asgi_headers,
    baggage_header,
    remote_parent,
    trace_headers,
    with_baggage,
)

TRACECONTEXT: Final = "tracecontext"
BAGGAGE: Final = "baggage"
W3C_NAMES: Final = frozenset({TRACECONTEXT, BAGGAGE})

PROPAGATORS_KEY: Final = create_key("instrumentation-propagators")
"""Context key of the `Propagators` of the service, set unless they are W3C's alone."""


class Propagators:
    """Reader and writer of trace headers.

    Args:
        names: ``tracecontext``, ``baggage`` or propagators of installed packages.

    Raises:
        ConfigurationError: No installed package has a propagator of this name.
    """

    def __init__(self, names: Iterable[str] = W3C_NAMES) -> None:
        self.w3c_names = W3C_NAMES.intersection(names)
        self._foreign: tuple[TextMapPropagator, ...] = tuple(
            _load(name) for name in names if name not in W3C_NAMES
        )
        fields = (field.lower() for each in self._foreign for field in each.fields)
        self.names = frozenset((*(name.decode() for name in NAMES), *fields))
        """Headers that may be written, in lower case."""

    def base_context(self) -> Context:
        """Return the base context of requests, which `inject` and `extract` read."""
        w3c_only = self.w3c_names == W3C_NAMES and not self._foreign
        return Context() if w3c_only else Context({PROPAGATORS_KEY: self})

    @property
    def foreign_parent(self) -> "ForeignParent | None":
        """Reader of the caller's span from headers of other packages; None without any."""
        return self._parent if self._foreign else None

    def _parent(self, headers: Headers) -> SpanContext | None:
        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        context = Context()
        for each in self._foreign:
            context = each.extract(carrier, context, _GETTER)
        found = trace.get_current_span(context).get_span_context()
        return found if found.is_valid else None

    def outgoing_headers(
        self, context: Context | None = None, *, include_baggage: bool = True
    ) -> dict[str, str]:
        """Return the headers for *context*; empty without a valid span and baggage.

        Args:
            context: Context of the span and the baggage; the current one when left out.
            include_baggage: Include baggage. Only the W3C's header contains it.
        """
        headers = trace_headers(context) if TRACECONTEXT in self.w3c_names else {}
        for each in self._foreign:
            each.inject(headers, baggage.clear(context), _SETTER)
        if include_baggage and BAGGAGE in self.w3c_names and (joined := baggage_header(context)):
            headers["baggage"] = joined
        return headers

    def inject(self, carrier: Outgoing, context: Context | None = None) -> None:
        """Write the headers for *context* into *carrier*. See the function `inject`."""
        headers = self.outgoing_headers(context)
        if isinstance(carrier, MutableMapping):
            carrier.update(headers)
            return
        kept = [pair for pair in carrier if pair[0].decode("latin-1").lower() not in self.names]
        carrier[:] = kept + [(name.encode(), value.encode()) for name, value in headers.items()]

    def extract(self, carrier: Incoming, context: Context | None = None) -> Context:
        """Return *context* with span and baggage of *carrier*. See the function `extract`."""
        result = Context() if context is None else context
        headers = asgi_headers(carrier)
        parent = remote_parent(headers) if TRACECONTEXT in self.w3c_names else None
        parent = parent or self._parent(headers)
        if parent is not None:
            result = trace.set_span_in_context(NonRecordingSpan(parent), result)
        return with_baggage(headers, result) if BAGGAGE in self.w3c_names else result


ForeignParent = Callable[[Headers], SpanContext | None]
"""Reader of the caller's span."""


def inject(carrier: Outgoing, context: Context | None = None) -> None:
    """Write the current span and baggage into *carrier*, in place of earlier headers.

    Args:
        carrier: Headers as a mutable mapping, or as a list of pairs of bytes as in ASGI.
        context: Context of the span and the baggage; the current one when left out.
    """
    _for_context(context).inject(carrier, context)


def extract(carrier: Incoming, context: Context | None = None) -> Context:
    """Return a context with the caller's span, as remote parent, and the caller's baggage.

    Args:
        carrier: Headers as a mapping or as pairs of str or bytes; names in any case.
        context: Context to extend; an empty one when left out.
    """
    return _for_context(context).extract(carrier, context)


def _for_context(context: Context | None) -> Propagators:
    """Return the propagators of the service of the current request; W3C's outside a request."""
    found = get_value(PROPAGATORS_KEY, context) or get_value(PROPAGATORS_KEY)
    return found if isinstance(found, Propagators) else W3C_PROPAGATORS


W3C_PROPAGATORS: Final = Propagators()
"""Propagators outside a request."""


def _load(name: str) -> TextMapPropagator:
    from instrumentation._support.plugins import load_plugin

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
