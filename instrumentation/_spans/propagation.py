"""Trace context and baggage in headers.

Source: W3C Trace Context level 2; W3C Baggage. An invalid header is ignored, never repaired: the
request then starts a new trace.
"""

import re
from collections.abc import Iterable, Mapping, MutableMapping, MutableSequence
from itertools import islice
from typing import Final
from urllib.parse import quote, unquote

from opentelemetry import baggage, trace
from opentelemetry.context import Context
from opentelemetry.trace import DEFAULT_TRACE_STATE, SpanContext, TraceState

from instrumentation._spans.context import FLAGS, span_context

Headers = list[tuple[bytes, bytes]]
"""Headers as in ASGI, with lower-case names."""

Outgoing = MutableMapping[str, str] | MutableSequence[tuple[bytes, bytes]]
Incoming = Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]

TRACEPARENT: Final = b"traceparent"
TRACESTATE: Final = b"tracestate"
BAGGAGE: Final = b"baggage"
NAMES: Final = (TRACEPARENT, TRACESTATE, BAGGAGE)

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

_PARENT = re.compile(
    rb"[ \t]*(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})"
    rb"(-[^\r\n]*|[ \t]*)"
).fullmatch
_STATE_MEMBER = (
    r"[ \t]*([a-z0-9][a-z0-9_\-*/@]{0,255})=([\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}"
    r"[\x21-\x2b\x2d-\x3c\x3e-\x7e])[ \t]*"
)
_BAGGAGE_MEMBER = (
    r"[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*=[ \t]*"
    r"([\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*)[ \t]*(?:;[^,]*)?"
)
"""Patterns are compiled on first use and cached by `re`, because few services receive members."""


class _State(TraceState):
    """Trace state of validated members. The API rejects some keys that level 2 allows."""

    def __init__(self, members: Mapping[str, str]) -> None:
        super().__init__()
        self._dict.update(members)


def remote_parent(headers: Headers) -> SpanContext | None:
    """Return the caller's span; None when the header is absent or invalid."""
    found = [value for name, value in headers if name == TRACEPARENT]
    return _parent(found[0], _state(headers)) if len(found) == 1 else None


def is_plain_and_unsampled(value: bytes) -> bool:
    """Return true for a valid ``traceparent`` of version 00 that is not sampled."""
    return (
        len(value) == PARENT_BYTES
        and value.startswith(b"00-")
        and value[35] == value[52] == DASH
        and value.translate(None, LOWER_HEX) == b"---"
        and value[54] in EVEN_HEX
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
    match = _PARENT(value)
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
    return _State(members)


def with_baggage(headers: Headers, context: Context) -> Context:
    """Return *context* with the caller's baggage, without invalid members."""
    joined = b",".join(value for name, value in headers if name == BAGGAGE)
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
