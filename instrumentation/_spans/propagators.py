"""Trace context and baggage in headers: W3C's own formats, and those of other packages.

Source: W3C Trace Context level 2; W3C Baggage; OpenTelemetry specification, ``OTEL_PROPAGATORS``.
An invalid header is ignored, never repaired: the request then starts a new trace.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, MutableMapping, MutableSequence
from itertools import islice
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from opentelemetry import baggage, trace
from opentelemetry.context import Context, create_key, get_value
from opentelemetry.trace import DEFAULT_TRACE_STATE, NonRecordingSpan, SpanContext, TraceState

from instrumentation._support.opentelemetry_access import FLAGS, span_context, trace_state

if TYPE_CHECKING:
    from instrumentation._spans.foreign_propagators import ForeignPropagators


Headers = list[tuple[bytes, bytes]]
"""Headers as in ASGI, with lower-case names."""

Outgoing = MutableMapping[str, str] | MutableSequence[tuple[bytes, bytes]]
Incoming = Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]

TRACEPARENT: Final = b"traceparent"
TRACESTATE: Final = b"tracestate"
BAGGAGE_HEADER: Final = b"baggage"
NAMES: Final = (TRACEPARENT, TRACESTATE, BAGGAGE_HEADER)

PARENT_BYTES: Final = 55
"""Length of a ``traceparent`` of version 00."""
DASH: Final = ord("-")
LOWER_HEX: Final = b"0123456789abcdef"
EVEN_HEX: Final = b"02468ace"
NO_TRACE_ID: Final = b"0" * 32
NO_SPAN_ID: Final = b"0" * 16

MAX_STATE_MEMBERS: Final = 32
"""Source: W3C Trace Context, "tracestate header field values"."""
MAX_STATE_BYTES: Final = 4096
"""Larger headers are ignored. The specification requires 512."""
MAX_BAGGAGE_MEMBERS: Final = 64
"""Source: W3C Baggage, "Limits": at least 64 members must be propagated."""
MAX_BAGGAGE_BYTES: Final = 8192
"""Larger headers are ignored. Source: W3C Baggage, "Limits"."""

_PARENT = (
    rb"[ \t]*(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})"
    rb"(-[^\r\n]*|[ \t]*)"
)
_STATE_MEMBER = (
    r"[ \t]*([a-z0-9][a-z0-9_\-*/@]{0,255})=([\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}"
    r"[\x21-\x2b\x2d-\x3c\x3e-\x7e])[ \t]*"
)
_BAGGAGE_MEMBER = (
    r"[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*=[ \t]*"
    r"([\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*)[ \t]*(?:;[^,]*)?"
)
"""Patterns are compiled on first use and cached by `re`: few callers send members or a parent of
another version."""


def remote_parent(headers: Headers) -> SpanContext | None:
    """Return the caller's span; None when the header is absent or invalid."""
    found = [value for name, value in headers if name == TRACEPARENT]
    return _parent(found[0], _state(headers)) if len(found) == 1 else None


def is_plain_and_unsampled(value: bytes) -> bool:
    """Return true for a valid ``traceparent`` of version 00 that is not sampled."""
    return _is_plain(value) and value[54] in EVEN_HEX


def _is_plain(value: bytes) -> bool:
    """Return true for a valid ``traceparent`` of version 00 without surrounding space."""
    return (
        len(value) == PARENT_BYTES
        and value.startswith(b"00-")
        and value[35] == value[52] == DASH
        and value.translate(None, LOWER_HEX) == b"---"
        and value[3:35] != NO_TRACE_ID
        and value[36:52] != NO_SPAN_ID
    )


def remote_parent_of(header_map: dict[bytes, bytes], headers: Headers) -> SpanContext | None:
    """Return the same as `remote_parent`, faster when no header is repeated.

    Args:
        header_map: ``dict(headers)``.
        headers: All headers.
    """
    if len(header_map) != len(headers) or TRACESTATE in header_map:
        return remote_parent(headers)
    value = header_map.get(TRACEPARENT)
    return None if value is None else _parent(value, DEFAULT_TRACE_STATE)


def _parent(value: bytes, state: TraceState) -> SpanContext | None:
    if _is_plain(value):
        trace_id, span_id, bits = value[3:35], value[36:52], value[53:]
    else:
        match = re.fullmatch(_PARENT, value)
        if match is None:
            return None
        version, trace_id, span_id, bits, rest = match.groups()
        if version == b"00" and rest[:1] == b"-":
            return None
    flags = FLAGS[int(bits, 16) & 3]
    return span_context((int(trace_id, 16), int(span_id, 16), True, flags, state, True))


def _state(headers: Headers) -> TraceState:
    joined = b",".join(value for name, value in headers if name == TRACESTATE)
    if not joined or len(joined) > MAX_STATE_BYTES:
        return DEFAULT_TRACE_STATE
    members: dict[str, str] = {}
    for member in joined.decode("latin-1").split(","):
        if not member.strip(" \t"):
            continue
        match = re.fullmatch(_STATE_MEMBER, member)
        if match is None or len(members) == MAX_STATE_MEMBERS:
            return DEFAULT_TRACE_STATE
        members.setdefault(match[1], match[2])
    return trace_state(members)


def with_baggage(headers: Headers, context: Context) -> Context:
    """Return *context* with the caller's baggage, without invalid members."""
    joined = b",".join(value for name, value in headers if name == BAGGAGE_HEADER)
    if not joined or len(joined) > MAX_BAGGAGE_BYTES:
        return context
    for member in joined.decode("latin-1").split(",")[:MAX_BAGGAGE_MEMBERS]:
        match = re.fullmatch(_BAGGAGE_MEMBER, member)
        if match is not None:
            context = baggage.set_baggage(match[1], unquote(match[2]), context)
    return context


def asgi_headers(carrier: Incoming) -> Headers:
    """Convert *carrier* to headers as in ASGI."""
    pairs = carrier.items() if isinstance(carrier, Mapping) else carrier
    return [(_bytes(name).lower(), _bytes(value)) for name, value in pairs]


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def trace_headers(context: Context | None = None) -> dict[str, str]:
    """Return headers for the span of *context* or the current span; empty without a span."""
    span = trace.get_current_span(context).get_span_context()
    if not span.is_valid:
        return {}
    flags = span.trace_flags & 3
    headers = {"traceparent": f"00-{span.trace_id:032x}-{span.span_id:016x}-{flags:02x}"}
    if span.trace_state:
        headers["tracestate"] = span.trace_state.to_header()
    return headers


def baggage_header(context: Context | None = None) -> str:
    """Return the value of the ``baggage`` header for *context*."""
    joined = ""
    for name, value in islice(baggage.get_all(context).items(), MAX_BAGGAGE_MEMBERS):
        member = f"{quote(name, safe='')}={quote(str(value), safe='')}"
        if len(joined) + len(member) < MAX_BAGGAGE_BYTES:
            joined = f"{joined},{member}" if joined else member
    return joined


TRACECONTEXT: Final = "tracecontext"
BAGGAGE: Final = "baggage"
W3C_NAMES: Final = frozenset({TRACECONTEXT, BAGGAGE})

PROPAGATORS_KEY: Final = create_key("instrumentation-propagators")
"""Context key of the `Propagators` of the service, set unless they are W3C's alone."""

ForeignParent = Callable[[Headers], SpanContext | None]
"""Reader of the caller's span."""


class Propagators:
    """Reader and writer of trace headers.

    Args:
        names: ``tracecontext``, ``baggage`` or propagators of installed packages.

    Raises:
        ConfigurationError: No installed package has a propagator of this name.
    """

    def __init__(self, names: Iterable[str] = W3C_NAMES) -> None:
        self.w3c_names = W3C_NAMES.intersection(names)
        others = [name for name in names if name not in W3C_NAMES]
        self._foreign = _load(others) if others else None
        fields = self._foreign.fields if self._foreign is not None else ()
        self.names = frozenset((*(name.decode() for name in NAMES), *fields))
        """Headers that may be written, in lower case."""

    def base_context(self) -> Context:
        """Return the base context of requests, which `inject` and `extract` read."""
        w3c_only = self.w3c_names == W3C_NAMES and self._foreign is None
        return Context() if w3c_only else Context({PROPAGATORS_KEY: self})

    @property
    def foreign_parent(self) -> ForeignParent | None:
        """Reader of the caller's span from headers of other packages; None without any."""
        return self._foreign.parent if self._foreign is not None else None

    def outgoing_headers(
        self, context: Context | None = None, *, include_baggage: bool = True
    ) -> dict[str, str]:
        """Return the headers for *context*; empty without a valid span and baggage.

        Args:
            context: Context of the span and the baggage; the current one when left out.
            include_baggage: Include baggage. Only the W3C's header contains it.
        """
        headers = trace_headers(context) if TRACECONTEXT in self.w3c_names else {}
        if self._foreign is not None:
            self._foreign.inject(headers, context)
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
        if parent is None and self._foreign is not None:
            parent = self._foreign.parent(headers)
        if parent is not None:
            result = trace.set_span_in_context(NonRecordingSpan(parent), result)
        return with_baggage(headers, result) if BAGGAGE in self.w3c_names else result


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


def _load(names: Iterable[str]) -> ForeignPropagators:
    from instrumentation._spans.foreign_propagators import ForeignPropagators

    return ForeignPropagators(names)
