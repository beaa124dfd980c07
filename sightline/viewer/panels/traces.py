"""Panels of Jaeger's data: the service graph and one trace."""

from sightline.viewer.panels.graph import layout
from sightline.viewer.panels.view import View, message, no_data
from sightline.viewer.panels.waterfall import waterfall
from sightline.viewer.sources.panel_data import PanelData
from sightline.viewer.sources.traces import CALLEE, CALLER, CALLS


def node_graph(data: PanelData) -> View:
    """Draw services as circles and calls as arrows."""
    calls: dict[tuple[str, str], float] = {}
    for frame in data.frames:
        caller, callee, count = (frame.field(name) for name in (CALLER, CALLEE, CALLS))
        if caller and callee:
            counts = count.values if count else [0.0] * frame.length
            for pair in zip(caller.values, callee.values, counts, strict=True):
                calls[pair[0], pair[1]] = calls.get((pair[0], pair[1]), 0.0) + (pair[2] or 0.0)
    if not calls:
        return no_data(data.panel)
    return View(template="graph", context={"graph": layout(calls)})


def one_trace(data: PanelData) -> View:
    """Draw the waterfall of a trace."""
    if data.trace is None:
        return message(
            "No trace selected", detail="Click a trace id in a table, or type one above."
        )
    return View(template="waterfall", context={"fall": waterfall(data.trace, data.zone)})
