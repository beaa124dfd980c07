"""Which headers carry a trace: W3C's by ourselves, others by the propagators of other packages.

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
    lowered,
    members,
    remote_parent,
    trace_headers,
    with_baggage,
)

TRACECONTEXT: Final = "tracecontext"
BAGGAGE: Final = "baggage"
OURS: Final = frozenset({TRACECONTEXT, BAGGAGE})

PROPAGATORS: Final = create_key("instrumentation-propagators")
"""Context key of the `Propagators` of the service, where they are not ours alone."""


class Propagators:
    """What is read from and written to headers.

    Args:
        names: ``tracecontext``, ``baggage``, and others that packages offer.

    Raises:
        ConfigurationError: No installed package offers one of *names*.
    """

    def __init__(self, names: Iterable[str] = OURS) -> None:
        self.ours = OURS.intersection(names)
        self._foreign: tuple[TextMapPropagator, ...] = tuple(
            _offered(name) for name in names if name not in OURS
        )
        fields = (field.lower() for each in self._foreign for field in each.fields)
        self.names = frozenset((*(name.decode() for name in NAMES), *fields))
        """Headers that may be written, in lower case."""

    def context(self) -> Context:
        """What every request's context starts from, so that `inject` and `extract` know."""
        usual = self.ours == OURS and not self._foreign
        return Context() if usual else Context({PROPAGATORS: self})

    @property
    def foreign_parent(self) -> "ForeignParent | None":
        """Reads the caller's span from other headers than ``traceparent``; None: nobody does."""
        return self._parent if self._foreign else None

    def _parent(self, headers: Headers) -> SpanContext | None:
        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        context = Context()
        for each in self._foreign:
            context = each.extract(carrier, context, _LOWERED)
        found = trace.get_current_span(context).get_span_context()
        return found if found.is_valid else None

    def outgoing(
        self, context: Context | None = None, *, with_members: bool = True
    ) -> dict[str, str]:
        """The headers that carry *context*; empty without a valid span and baggage.

        Args:
            context: Whose span to write; the current one when left out.
            with_members: Whether baggage goes along: in the W3C's header, in no other.
        """
        headers = trace_headers(context) if TRACECONTEXT in self.ours else {}
        for each in self._foreign:
            each.inject(headers, baggage.clear(context), _LOWERING)
        if with_members and BAGGAGE in self.ours and (joined := members(context)):
            headers["baggage"] = joined
        return headers

    def inject(self, carrier: Outgoing, context: Context | None = None) -> None:
        """See `inject`."""
        headers = self.outgoing(context)
        if isinstance(carrier, MutableMapping):
            carrier.update(headers)
            return
        kept = [pair for pair in carrier if pair[0].decode("latin-1").lower() not in self.names]
        carrier[:] = kept + [(name.encode(), value.encode()) for name, value in headers.items()]

    def extract(self, carrier: Incoming, context: Context | None = None) -> Context:
        """See `extract`."""
        result = Context() if context is None else context
        headers = lowered(carrier)
        parent = remote_parent(headers) if TRACECONTEXT in self.ours else None
        parent = parent or self._parent(headers)
        if parent is not None:
            result = trace.set_span_in_context(NonRecordingSpan(parent), result)
        return with_baggage(headers, result) if BAGGAGE in self.ours else result


ForeignParent = Callable[[Headers], SpanContext | None]
"""Gives the caller's span."""


def inject(carrier: Outgoing, context: Context | None = None) -> None:
    """Write the current span and baggage into *carrier*, replacing what stood there.

    Args:
        carrier: Headers as a mutable mapping, or as a list of pairs of bytes as in ASGI.
        context: Whose span to write; the current one when left out.
    """
    _of(context).inject(carrier, context)


def extract(carrier: Incoming, context: Context | None = None) -> Context:
    """The context that *carrier* brings: the caller's span as remote parent, and its baggage.

    Args:
        carrier: Headers as a mapping or as pairs of str or bytes; names in any case.
        context: What to add to; an empty context when left out.
    """
    return _of(context).extract(carrier, context)


def _of(context: Context | None) -> Propagators:
    """Those of the service whose request is being served; outside of any, W3C's."""
    found = get_value(PROPAGATORS, context) or get_value(PROPAGATORS)
    return found if isinstance(found, Propagators) else USUAL


USUAL: Final = Propagators()
"""W3C's."""


def _offered(name: str) -> TextMapPropagator:
    from instrumentation._support.plugins import plugin  # noqa: PLC0415  seldom

    packages = {"b3multi": "b3", "ottrace": "ot-trace", "xray": "aws-xray"}
    package = f"opentelemetry-propagator-{packages.get(name, name)}"
    offered = plugin("OTEL_PROPAGATORS", "opentelemetry_propagator", name, package=package)
    propagator: TextMapPropagator = offered()
    return propagator


class _Lowered(Getter[Mapping[str, str]]):
    """Reads headers by name in any case."""

    def get(self, carrier: Mapping[str, str], key: str) -> list[str] | None:
        value = carrier.get(key.lower())
        return None if value is None else [value]

    def keys(self, carrier: Mapping[str, str]) -> list[str]:
        return list(carrier)


class _Lowering(Setter[dict[str, str]]):
    """Writes headers as gRPC and HTTP/2 want their names."""

    def set(self, carrier: dict[str, str], key: str, value: str) -> None:
        carrier[key.lower()] = value


_LOWERED: Final = _Lowered()
_LOWERING: Final = _Lowering()
