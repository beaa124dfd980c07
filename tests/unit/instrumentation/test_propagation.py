"""Extraction and injection of headers, by sections of W3C Trace Context level 2 and Baggage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage, trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from instrumentation import extract, inject

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
VALID = f"00-{TRACE}-{SPAN}-01"
KEY = "a" * 256


def state_of(*headers: tuple[str, str]) -> dict[str, str]:
    context = extract([("traceparent", VALID), *headers])
    return dict(trace.get_current_span(context).get_span_context().trace_state)


@pytest.mark.parametrize(
    "value",
    [
        VALID,
        f" \t{VALID}\t ",
        f"00-{TRACE}-{SPAN}-00",
        f"00-{TRACE}-{SPAN}-03",
        f"00-{TRACE}-{SPAN}-ff",
        f"cc-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like",
    ],
)
def test_a_valid_traceparent_is_continued(value: str) -> None:
    """3.2 traceparent header; 4.3 versioning: what follows a dash is for later versions."""
    parent = trace.get_current_span(extract({"Traceparent": value})).get_span_context()

    assert f"{parent.trace_id:032x}-{parent.span_id:016x}" == f"{TRACE}-{SPAN}"
    assert parent.is_remote


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-",
        f"00-{TRACE}-{SPAN}-0",
        f"00-{TRACE}-{SPAN}-001",
        f"00-{TRACE}-{SPAN}-01-",
        f"00-{TRACE}-{SPAN}-01-later",
        f"00-{TRACE}-{SPAN}-.0",
        f"00-{TRACE}-{SPAN}-0.",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN.upper()}-01",
        f"00-{TRACE}-{SPAN}-0A",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}0-{SPAN}-01",
        f"00-{TRACE}-{SPAN[:-1]}-01",
        f"00-{TRACE}-{SPAN}0-01",
        f"00-.{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-.{SPAN[1:]}-01",
        f"00-{TRACE[:-1]}_-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f".0-{TRACE}-{SPAN}-01",
        f"0.-{TRACE}-{SPAN}-01",
        f"0-{TRACE}-{SPAN}-01",
        f"000-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01.what-the-future-will-not-be-like",
        f"00_{TRACE}_{SPAN}_01",
        f"00-{TRACE}-{SPAN}-\u0660\u0661",
    ],
)
def test_an_invalid_traceparent_starts_a_new_trace(value: str) -> None:
    """3.2.2: a vendor that cannot parse traceparent creates a new one."""
    context = extract({"traceparent": value, "tracestate": "a=1"})

    assert not trace.get_current_span(context).get_span_context().is_valid


@pytest.mark.parametrize(("first", "second"), [(VALID, VALID), (VALID, VALID[:-1] + "0")])
def test_two_traceparents_are_invalid(first: str, second: str) -> None:
    """3.2: exactly one."""
    context = extract([("traceparent", first), ("traceparent", second)])

    assert not trace.get_current_span(context).get_span_context().is_valid


@pytest.mark.parametrize(
    ("headers", "state"),
    [
        (("foo=1",), {"foo": "1"}),
        (("foo=1,bar=2",), {"foo": "1", "bar": "2"}),
        (("foo=1 \t , \t bar=2, \t baz=3",), {"foo": "1", "bar": "2", "baz": "3"}),
        (("foo=1", "bar=2"), {"foo": "1", "bar": "2"}),
        (("foo=1", ""), {"foo": "1"}),
        (("foo=1,,bar=2,",), {"foo": "1", "bar": "2"}),
        (("foo=1,foo=2",), {"foo": "1"}),
        (("foo@=1,foo@@bar=2,t/*_-@v=3",), {"foo@": "1", "foo@@bar": "2", "t/*_-@v": "3"}),
        (("0key=1",), {"0key": "1"}),
        ((f"{KEY}=1",), {KEY: "1"}),
        ((f"{'@' * 0}a{'@' * 255}=1",), {f"a{'@' * 255}": "1"}),
        ((f"foo={'v' * 256}",), {"foo": "v" * 256}),
        (("foo= \t1",), {}),
        (("foo= 1",), {"foo": " 1"}),
        ((",".join(f"k{n}=v" for n in range(32)),), {f"k{n}": "v" for n in range(32)}),
        ((",".join(f"k{n}=v" for n in range(33)),), {}),
        ((f"{KEY}a=1",), {}),
        ((f"foo={'v' * 257}",), {}),
        (("FOO=1",), {}),
        (("foo.bar=1",), {}),
        (("foo =1",), {}),
        (("@foo=1",), {}),
        (("foo=bar=baz",), {}),
        (("foo",), {}),
        (("foo=",), {}),
        (("foo=\u00e9",), {}),
        (("x=" + "v" * 200, *(f"k{n}=" + "v" * 200 for n in range(30))), {}),
    ],
)
def test_tracestate_is_kept_completely_or_dropped(
    headers: tuple[str, ...], state: dict[str, str]
) -> None:
    """3.3 tracestate header; the last row is over the limit of 4096 bytes."""
    assert state_of(*(("tracestate", value) for value in headers)) == state


def test_an_extracted_context_is_injected() -> None:
    incoming = {"traceparent": VALID[:-2] + "03", "tracestate": "foo=1,bar=2", "baggage": "k=v"}
    outgoing: dict[str, str] = {}

    inject(outgoing, extract(incoming))

    assert outgoing == incoming


def test_inject_replaces_existing_entries_in_a_list_of_headers() -> None:
    headers = [(b"TraceParent", b"old"), (b"accept", b"*/*")]

    inject(headers, extract({"traceparent": VALID}))

    assert headers == [(b"accept", b"*/*"), (b"traceparent", VALID.encode())]


def test_without_a_span_nothing_is_injected() -> None:
    headers: dict[str, str] = {}

    inject(headers, extract({}))

    assert headers == {}


@pytest.mark.parametrize(
    ("header", "members"),
    [
        ("k=v", {"k": "v"}),
        (" k = v , k2=v2;meta=1;flag ", {"k": "v", "k2": "v2"}),
        ("k=1+1", {"k": "1+1"}),
        ("k=%C3%A9%20x", {"k": "\u00e9 x"}),
        ("ok=1,no value,=x,bad key=1,also=2", {"ok": "1", "also": "2"}),
        ('quoted="1",ok=2', {"ok": "2"}),
        ("a=" + "x" * 8191, {}),
    ],
)
def test_baggage_is_read_member_by_member(header: str, members: dict[str, str]) -> None:
    """3.3 header content; 3.3.2 limits."""
    assert dict(baggage.get_all(extract({"baggage": header}))) == members


def test_baggage_has_at_most_64_members() -> None:
    header = ",".join(f"k{number}=v" for number in range(200))

    assert len(baggage.get_all(extract({"baggage": header}))) == 64


@given(st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=200)), max_size=8))
def test_no_header_breaks_extraction(headers: list[tuple[bytes, bytes]]) -> None:
    extract(headers)


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.integers(0, 3))
def test_a_context_survives_its_headers(trace_id: int, span_id: int, flags: int) -> None:
    sent = SpanContext(trace_id, span_id, is_remote=False, trace_flags=TraceFlags(flags))
    headers: dict[str, str] = {}

    inject(headers, trace.set_span_in_context(NonRecordingSpan(sent)))

    received = trace.get_current_span(extract(headers)).get_span_context()
    assert (received.trace_id, received.span_id, received.trace_flags) == (
        trace_id,
        span_id,
        flags,
    )
