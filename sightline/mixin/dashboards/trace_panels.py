"""Panels of traces that several dashboards show."""

from typing import Final

from sightline.mixin.dashboards.links import TRACE_COLUMNS
from sightline.mixin.grafana.tables import TraceTable
from sightline.mixin.grafana.targets import TraceSearch
from sightline.mixin.grafana.trace_panels import ServiceMap

SERVICE_MAP: Final = ServiceMap(
    title="Service map",
    description="Calls between services, counted from traces. If an arrow is missing, the caller "
    "does not forward the trace context, or one of the two services is down.",
)


def slow_traces(subject: str, *, tags: str = "") -> TraceTable:
    """Return the table of slow traces of the selected service.

    Args:
        subject: Noun for the source of the traces, such as *route*.
        tags: Span attributes that limit the search to *subject*, in logfmt.
    """
    return TraceTable(
        title="Slow traces",
        description=f"Traces of this {subject} that took longer than the minimum duration selected "
        "above. Open one: the time went into the widest bar without children.",
        search=TraceSearch(service="$job", tags=tags, min_duration="$min_duration"),
        overrides=TRACE_COLUMNS,
    )


def failed_traces(subject: str, *, tags: str = "") -> TraceTable:
    """Return the table of traces with an error. The arguments are those of `slow_traces`."""
    return TraceTable(
        title="Failed traces",
        description=f"Traces of this {subject} that contain an error. Open one: the deepest red "
        "span failed first and is the likely cause.",
        search=TraceSearch(service="$job", tags=f"error=true {tags}".strip()),
        overrides=TRACE_COLUMNS,
    )
