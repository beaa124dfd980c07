"""A trace as rows and bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from sightline.grafana.units import write
from sightline.viewer.model.trace import Row, Span, Tags, Trace
from sightline.viewer.values import colors
from sightline.viewer.values.links import service_url
from sightline.viewer.values.times import local_time

_TICKS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A line of the waterfall; positions are percentages of the trace."""

    row: Row
    color: str
    left: float
    width: float
    duration: str
    start: str
    side: str
    """Position of the written duration: ``right`` or ``left`` of the bar, or ``inside``."""
    events: Sequence[tuple[float, str]]
    """Position and name of each event."""
    details: Sequence[tuple[str, Tags]]
    """Headed lists of attributes, events and links."""
    metrics: str
    """URL of the service's metrics at that time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """A trace laid out for the template."""

    trace: Trace
    title: str
    started: str
    duration: str
    services: Sequence[tuple[str, int, str]]
    """Name, number of spans, color."""
    ticks: Sequence[tuple[float, str]]
    bars: Sequence[Bar]


def waterfall(trace: Trace, zone: tzinfo) -> Waterfall:
    """Lay out *trace*."""
    shades = colors.name_colors(name for name, _ in trace.services)
    return Waterfall(
        trace=trace,
        title=f"{trace.root.service}: {trace.root.name}",
        started=local_time(trace.start / 1000, zone),
        duration=str(write(trace.duration, "µs")),
        services=[(name, count, shades[name]) for name, count in trace.services],
        ticks=[
            (100 * number / (_TICKS - 1), str(write(trace.duration * number / (_TICKS - 1), "µs")))
            for number in range(_TICKS)
        ],
        bars=[_bar(row, trace, shades[row.span.service]) for row in trace.rows],
    )


def _bar(row: Row, trace: Trace, color: str) -> Bar:
    span, whole = row.span, trace.duration or 1.0
    left, width = 100 * span.start / whole, 100 * span.duration / whole
    return Bar(
        row=row,
        color=color,
        left=left,
        width=max(width, 0.2),
        duration=str(write(span.duration, "µs")),
        start=str(write(span.start, "µs")),
        side=_side(left, left + width),
        events=[(100 * one.after / whole, one.name) for one in span.events],
        details=_details(span),
        metrics=metrics_url(span.service, trace),
    )


def metrics_url(service: str, trace: Trace) -> str:
    """Return the URL of the service's dashboard, with some minutes around *trace*."""
    start, end = trace.start / 1000, (trace.start + trace.duration) / 1000
    times = {"from": round(start - _AROUND_MS), "to": round(end + _AROUND_MS)}
    return service_url(service, **times)


_AROUND_MS: Final = 300_000.0


def _side(left: float, right: float) -> str:
    if right < 100 - _ROOM:
        return "right"
    return "left" if left > _ROOM else "inside"


_ROOM: Final = 12.0
"""Width of a written duration, as a percentage of the lane."""


def _details(span: Span) -> list[tuple[str, Tags]]:
    links = [("trace", f"{trace} · span {other}") for trace, other in span.links]
    warnings = [("warning", text) for text in span.warnings]
    events = [
        (f"Event “{one.name}” after {write(one.after, 'µs')}", one.fields or [("event", one.name)])
        for one in span.events
    ]
    details = [("Attributes", span.tags), *events, ("Links", links), ("Warnings", warnings)]
    return [(title, tags) for title, tags in [*details, ("Resource", span.process)] if tags]
