"""Panels that Jaeger fills: the search's table, one trace, the service graph."""

from collections.abc import Mapping, Sequence
from typing import Final

from sightline.grafana.frame import Field, Frame
from sightline.viewer.graph import layout
from sightline.viewer.panels.drawing import Drawing, View, message, nothing
from sightline.viewer.trace import Trace
from sightline.viewer.waterfall import waterfall

SOURCE: Final = "source"
TARGET: Final = "target"
CALLS: Final = "mainstat"


def search_frame(traces: Sequence[Trace], *, ref_id: str) -> Frame:
    """A search's answer as Grafana's data source gives it.

    Source: grafana ``pkg/tsdb/jaeger``, ``transformSearchResponse``.
    """
    starts = [trace.start / 1000 for trace in traces]
    names = [f"{trace.root.service}: {trace.root.name}" for trace in traces]
    link = {"title": "Open the trace", "url": "/trace/${__value.raw}"}
    fields = (
        Field(
            name="traceID",
            type="string",
            legend="Trace ID",
            values=[trace.id for trace in traces],
            own={"links": [link]},
        ),
        Field(name="traceName", type="string", legend="Trace name", values=names),
        Field(name="startTime", type="time", legend="Start time", values=starts),
        Field(
            name="duration",
            type="number",
            legend="Duration",
            values=[trace.duration for trace in traces],
            own={"unit": "µs"},
        ),
    )
    return Frame(ref_id=ref_id, fields=fields)


def edges_frame(calls: Mapping[tuple[str, str], float], *, ref_id: str) -> Frame:
    """Who calls whom, as the columns that a node graph reads."""
    pairs = list(calls)
    fields = (
        Field(name=SOURCE, type="string", values=[caller for caller, _ in pairs]),
        Field(name=TARGET, type="string", values=[callee for _, callee in pairs]),
        Field(name=CALLS, type="number", values=[calls[pair] for pair in pairs]),
    )
    return Frame(ref_id=ref_id, name="edges", fields=fields)


def node_graph(drawing: Drawing) -> View:
    """Services as circles, calls as arrows."""
    calls: dict[tuple[str, str], float] = {}
    for frame in drawing.frames:
        caller, callee, count = (frame.field(name) for name in (SOURCE, TARGET, CALLS))
        if caller and callee:
            counts = count.values if count else [0.0] * frame.length
            for pair in zip(caller.values, callee.values, counts, strict=True):
                calls[pair[0], pair[1]] = calls.get((pair[0], pair[1]), 0.0) + (pair[2] or 0.0)
    if not calls:
        return nothing(drawing.panel)
    return View(template="graph", context={"graph": layout(calls)})


def one_trace(drawing: Drawing) -> View:
    """The waterfall."""
    if not isinstance(drawing.trace, Trace):
        return message("No trace chosen", detail="Click a trace id, or type one above.")
    return View(template="waterfall", context={"fall": waterfall(drawing.trace, drawing.zone)})
