"""Tree of a trace's spans."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.viewer.model.trace import Trace
from tests.viewing import span, trace


def test_children_follow_their_parent_ordered_by_start() -> None:
    read = Trace.from_json(
        trace(span("c", 30, 5, parent="a"), span("b", 20, 5, parent="a"), span("a", 10, 50))
    )

    assert [(row.span.id, row.depth) for row in read.rows] == [("a", 0), ("b", 1), ("c", 1)]
    assert (read.duration, read.depth, read.root.id) == (50, 2, "a")


def test_a_span_without_its_parent_is_a_root_and_an_orphan() -> None:
    read = Trace.from_json(trace(span("b", 20, 5, parent="gone"), span("a", 10, 50)))

    assert [row.depth for row in read.rows] == [0, 0]
    assert read.orphans == 1


def test_spans_in_a_parent_cycle_are_all_shown() -> None:
    read = Trace.from_json(trace(span("a", 1, 5, parent="b"), span("b", 2, 5, parent="a")))

    assert {row.span.id for row in read.rows} == {"a", "b"}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=10))
def test_every_span_is_shown_exactly_once(pairs: list[tuple[int, int]]) -> None:
    spans = [span(f"{one}", number, 1, parent=f"{up}") for number, (one, up) in enumerate(pairs)]

    rows = Trace.from_json(trace(*spans)).rows

    assert sorted(row.span.id for row in rows) == sorted({f"{one}" for one, _ in pairs})


def test_error_tags_mark_a_failed_span() -> None:
    read = Trace.from_json(trace(span("a", 1, 5, error="true"), span("b", 2, 5, other="true")))

    assert read.errors == 1


@pytest.mark.parametrize("raw", [{}, {"traceID": "t", "spans": []}, {"spans": [{}]}, [], "no"])
def test_json_that_is_not_a_trace_is_rejected(raw: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Trace.from_json(raw)  # type: ignore[arg-type]  # what a lying source sends
