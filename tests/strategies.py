"""Hypothesis strategies for exported values."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)

INT64 = st.integers(min_value=-(2**63), max_value=2**63 - 1)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
"""Strings without surrogates, which UTF-8 cannot encode."""

SCALARS = st.none() | st.booleans() | INT64 | FINITE | TEXT | st.binary(max_size=20)
KEYS = TEXT.filter(bool)

VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
"""Attribute values that OTLP and Jaeger support."""

ATTRIBUTES = st.dictionaries(KEYS, VALUES, max_size=5)
NANOSECONDS = st.integers(min_value=0, max_value=2**64 - 1)

STATE_KEYS = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-*/", min_size=1, max_size=8).filter(
    lambda key: key[0].isalnum()
)
STATES = st.dictionaries(STATE_KEYS, st.text("abc019-_", min_size=1, max_size=8), max_size=3)

CONTEXTS = st.builds(
    SpanContext,
    trace_id=st.integers(min_value=1, max_value=2**128 - 1),
    span_id=st.integers(min_value=1, max_value=2**64 - 1),
    is_remote=st.booleans(),
    trace_flags=st.just(TraceFlags(TraceFlags.SAMPLED)),
    trace_state=STATES.map(lambda states: TraceState(list(states.items()))),
)

STATUSES = st.builds(Status, st.just(StatusCode.ERROR), st.none() | TEXT) | st.builds(
    Status, st.sampled_from([StatusCode.OK, StatusCode.UNSET])
)

RESOURCES = st.builds(Resource, ATTRIBUTES, st.sampled_from([None, "", "https://schema/1"]))
SCOPES = st.none() | st.builds(
    InstrumentationScope,
    TEXT,
    st.none() | TEXT,
    st.sampled_from([None, "https://schema/2"]),
    ATTRIBUTES,
)


def bounded(values: Mapping[str, Any]) -> BoundedAttributes:
    """Return attributes with the SDK's limit: three are kept, the others count as dropped."""
    return BoundedAttributes(maxlen=3, attributes=values)


EVENTS = st.builds(
    lambda name, values, time: Event(name, bounded(values), time), TEXT, ATTRIBUTES, NANOSECONDS
)
LINKS = st.builds(lambda context, values: Link(context, bounded(values)), CONTEXTS, ATTRIBUTES)


def spans() -> st.SearchStrategy[ReadableSpan]:
    """Return a strategy for ended spans, as a span processor receives them."""
    return st.builds(
        ReadableSpan,
        name=TEXT,
        context=CONTEXTS,
        parent=st.none() | CONTEXTS,
        resource=RESOURCES,
        attributes=ATTRIBUTES.map(bounded),
        events=st.lists(EVENTS, max_size=2),
        links=st.lists(LINKS, max_size=2),
        kind=st.sampled_from(SpanKind),
        status=STATUSES,
        start_time=NANOSECONDS,
        end_time=NANOSECONDS,
        instrumentation_scope=SCOPES,
    )


def batches() -> st.SearchStrategy[Sequence[ReadableSpan]]:
    """Return a strategy for one to four spans."""
    return st.lists(spans(), min_size=1, max_size=4)


ORDINARY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SECRET_NAMES = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "x-", "my_", "user.", "X"]),
    st.sampled_from(["token", "accessToken", "password", "api_key", "Signature", "client-secret"]),
    st.sampled_from(["", "2", "[]"]),
)
SECRETS = st.text("ghijklmnoqrstuvwxyz0123456789-._~!$*+,", min_size=12, max_size=30)
"""Values of secret parameters that need no encoding in a URL."""

_LARGE_TEXT = st.builds(
    lambda letter, size: letter * size,
    st.sampled_from(["x", "ä", "\U0001f600", '"', "\\", "\1", "\u2028", "<", "\udc80"]),
    st.sampled_from([0, 1, 300, 5_000, 20_000]),
)
LARGE_VALUES = st.recursive(
    st.none() | INT64 | FINITE | _LARGE_TEXT | st.binary().map(lambda value: value * 1000),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=6)
        | st.dictionaries(_LARGE_TEXT, inner, min_size=1, max_size=6)
    ),
    max_leaves=12,
).filter(lambda value: isinstance(value, list | dict))
"""Arrays and maps, often larger than any limit."""
