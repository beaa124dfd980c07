"""Traces: the tree, the waterfall, the service graph."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.artefacts import ROOT
from sightline.viewer.model.trace import Trace
from sightline.viewer.panels.graph import layout
from sightline.viewer.panels.waterfall import waterfall
from tests.viewing import span, trace

GOLDEN = sorted((ROOT / "tests" / "golden" / "jaeger").rglob("v1_search*.json"))


def test_children_stand_below_their_parents_by_start() -> None:
    read = Trace.from_json(
        trace(span("c", 30, 5, parent="a"), span("b", 20, 5, parent="a"), span("a", 10, 50))
    )

    assert [(row.span.id, row.depth) for row in read.rows] == [("a", 0), ("b", 1), ("c", 1)]
    assert (read.duration, read.depth, read.root.id) == (50, 2, "a")


def test_a_span_whose_parent_is_missing_is_a_root_and_counted() -> None:
    read = Trace.from_json(trace(span("b", 20, 5, parent="gone"), span("a", 10, 50)))

    assert [row.depth for row in read.rows] == [0, 0]
    assert read.orphans == 1


def test_spans_that_are_each_others_parents_are_all_shown() -> None:
    read = Trace.from_json(trace(span("a", 1, 5, parent="b"), span("b", 2, 5, parent="a")))

    assert {row.span.id for row in read.rows} == {"a", "b"}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=10))
def test_every_span_is_shown_once_whatever_its_parent(pairs: list[tuple[int, int]]) -> None:
    spans = [span(f"{one}", number, 1, parent=f"{up}") for number, (one, up) in enumerate(pairs)]

    rows = Trace.from_json(trace(*spans)).rows

    assert sorted(row.span.id for row in rows) == sorted({f"{one}" for one, _ in pairs})


def test_a_failed_span_is_known_by_its_tags() -> None:
    read = Trace.from_json(trace(span("a", 1, 5, error="true"), span("b", 2, 5, other="true")))

    assert read.errors == 1


@pytest.mark.parametrize("raw", [{}, {"traceID": "t", "spans": []}, {"spans": [{}]}, [], "no"])
def test_what_is_no_trace_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Trace.from_json(raw)  # type: ignore[arg-type]  # what a lying source sends


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_every_trace_of_the_real_jaeger_is_drawn(file: Path) -> None:
    found = json.loads(file.read_text(encoding="utf-8"))["body"]
    traces = (found.get("data") or []) if isinstance(found, dict) else []

    falls = [waterfall(Trace.from_json(one), ZoneInfo("UTC")) for one in traces]

    assert [len(fall.bars) for fall in falls] == [
        len({one["spanID"] for one in raw["spans"]}) for raw in traces
    ]


def test_a_bar_stands_where_its_span_was() -> None:
    read = Trace.from_json(trace(span("a", 0, 1000), span("b", 250, 500, parent="a")))

    root, child = waterfall(read, ZoneInfo("UTC")).bars

    assert (root.left, root.width, root.side) == (0, 100, "inside")
    assert (child.left, child.width, child.side, child.duration) == (25, 50, "right", "500 µs")


def test_services_have_colours_of_their_own() -> None:
    services = ["gateway", "orders", "users"]
    spans = [span(f"{number}", number, 1, process=f"p{number}") for number in (1, 2, 3)]

    fall = waterfall(Trace.from_json(trace(*spans, services=services)), ZoneInfo("UTC"))

    assert len({color for _, _, color in fall.services}) == len(services)


def test_callers_stand_left_of_those_they_call() -> None:
    drawn = layout({("gateway", "orders"): 3, ("orders", "users"): 2, ("gateway", "users"): 1})

    places = {node.name: node.x for node in drawn.nodes}
    assert places["gateway"] < places["orders"] < places["users"]
    assert {node.name: node.calls for node in drawn.nodes}["users"] == 3


def test_a_circle_of_calls_is_drawn() -> None:
    drawn = layout({("a", "b"): 1, ("b", "a"): 1, ("a", "a"): 1})

    assert len(drawn.nodes) == 2
    assert len(drawn.edges) == 3


def test_nothing_is_a_graph_too() -> None:
    assert layout({}).nodes == []
