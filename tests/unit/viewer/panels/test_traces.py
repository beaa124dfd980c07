"""Service graph and waterfall of a trace."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sightline.artifacts import ROOT
from sightline.viewer.model.trace import Trace
from sightline.viewer.panels.graph import layout
from sightline.viewer.panels.waterfall import waterfall
from tests.viewing import span, trace

GOLDEN = sorted((ROOT / "tests" / "golden" / "jaeger").rglob("v1_search*.json"))


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_every_recorded_trace_of_jaeger_is_drawn(file: Path) -> None:
    found = json.loads(file.read_text(encoding="utf-8"))["body"]
    traces = (found.get("data") or []) if isinstance(found, dict) else []

    falls = [waterfall(Trace.from_json(one), ZoneInfo("UTC")) for one in traces]

    assert [len(fall.bars) for fall in falls] == [
        len({one["spanID"] for one in raw["spans"]}) for raw in traces
    ]


def test_a_bar_has_the_position_and_width_of_its_span() -> None:
    read = Trace.from_json(trace(span("a", 0, 1000), span("b", 250, 500, parent="a")))

    root, child = waterfall(read, ZoneInfo("UTC")).bars

    assert (root.left, root.width, root.side) == (0, 100, "inside")
    assert (child.left, child.width, child.side, child.duration) == (25, 50, "right", "500 µs")


def test_services_have_distinct_colors() -> None:
    services = ["gateway", "orders", "users"]
    spans = [span(f"{number}", number, 1, process=f"p{number}") for number in (1, 2, 3)]

    fall = waterfall(Trace.from_json(trace(*spans, services=services)), ZoneInfo("UTC"))

    assert len({color for _, _, color in fall.services}) == len(services)


def test_callers_are_placed_left_of_callees() -> None:
    drawn = layout({("gateway", "orders"): 3, ("orders", "users"): 2, ("gateway", "users"): 1})

    places = {node.name: node.x for node in drawn.nodes}
    assert places["gateway"] < places["orders"] < places["users"]
    assert {node.name: node.calls for node in drawn.nodes}["users"] == 3


def test_a_cycle_of_calls_is_drawn() -> None:
    drawn = layout({("a", "b"): 1, ("b", "a"): 1, ("a", "a"): 1})

    assert len(drawn.nodes) == 2
    assert len(drawn.edges) == 3


def test_an_empty_graph_has_a_layout() -> None:
    assert layout({}).nodes == []
