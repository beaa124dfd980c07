"""Answers of Jaeger as data frames, as Grafana's data source returns them."""

from collections.abc import Mapping, Sequence
from typing import Final

from sightline.grafana.frame import Field, Frame
from sightline.viewer.model.trace import Trace

CALLER: Final = "source"
CALLEE: Final = "target"
CALLS: Final = "mainstat"
"""Columns of a node graph."""


def search_frame(traces: Sequence[Trace], *, ref_id: str) -> Frame:
    """Return the result of a search. Source: grafana ``transformSearchResponse``."""
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
        Field(
            name="startTime",
            type="time",
            legend="Start time",
            values=[trace.start / 1000 for trace in traces],
        ),
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
    """Return the number of calls between services as the edges of a node graph."""
    fields = (
        Field(name=CALLER, type="string", values=[caller for caller, _ in calls]),
        Field(name=CALLEE, type="string", values=[callee for _, callee in calls]),
        Field(name=CALLS, type="number", values=list(calls.values())),
    )
    return Frame(ref_id=ref_id, name="edges", fields=fields)
