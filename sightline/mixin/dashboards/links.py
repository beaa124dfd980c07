"""Links from panels to other dashboards. They keep the time range and the data source."""

from typing import Final

from sightline.grafana.interpolation import ALL
from sightline.mixin import dashboard_list
from sightline.mixin.grafana.dashboard import panel_id
from sightline.mixin.grafana.fields import Link, Override

_JOB: Final = "${job:queryparam}"
_SOURCE: Final = "${__url_time_range}&${prometheus_datasource:queryparam}"
"""Query string with the time range and data source of this dashboard."""

_SELECTED: Final = "${cluster:queryparam}&${namespace:queryparam}"
"""Query string with the clusters and namespaces of this dashboard."""

_CELL: Final = "${__value.raw:percentencode}"


def _field(name: str) -> str:
    """Return the reference to the cell of column *name* in the same row, empty without it."""
    return f"${{__data.fields.{name}:percentencode}}"


_ROW: Final = f"var-cluster={_field('Cluster')}&var-namespace={_field('Namespace')}"
"""Query string with the cluster and the namespace of a row: services in two have two rows."""

_ROW_CLUSTER: Final = f"var-cluster={_field('Cluster')}&var-namespace={ALL}"
"""Query string with the cluster of a row. A callee may be in another namespace than its caller."""


def _link(
    title: str, entry: dashboard_list.Entry, *parameters: str, places: str = _SELECTED
) -> Link:
    return Link(title=title, url=f"{entry.path}?{'&'.join((*parameters, _SOURCE, places))}")


CLICKED_SERVICE: Final = _link("Service", dashboard_list.SERVICE, f"var-job={_CELL}", places=_ROW)
"""Link from a cell to the service that the cell names, in the row's cluster and namespace."""

CLICKED_CALLEE: Final = _link(
    "Service", dashboard_list.SERVICE, f"var-job={_CELL}", places=_ROW_CLUSTER
)
"""Link from a cell to the callee that the cell names, in the row's cluster."""

CLICKED_OBJECTIVE: Final = _link(
    "Objectives",
    dashboard_list.SLO,
    f"var-job={_field('Service')}",
    f"var-slo={_CELL}",
    places=_ROW,
)
"""Link from a cell to the objective that the cell names, of the row's service."""

CLICKED_ROUTE: Final = _link("Route", dashboard_list.ROUTE, _JOB, f"var-route={_CELL}")
"""Link from a cell to the route of the selected service that the cell names."""

CLICKED_ROUTE_OF_ROW: Final = _link(
    "Route",
    dashboard_list.ROUTE,
    f"var-job={_field('Service')}",
    f"var-route={_CELL}",
    places=_ROW,
)
"""Link from a cell to the route that the cell names, of the row's service."""

OBJECTIVES: Final = _link("Objectives", dashboard_list.SLO)
"""Link to the objectives of that dashboard's default service."""

SERVICE_OBJECTIVES: Final = _link("Objectives", dashboard_list.SLO, _JOB)
"""Link to the objectives of the selected service."""

STACK: Final = _link("Stack", dashboard_list.STACK)

SLOW_REQUESTS: Final = _link("Explore slow requests", dashboard_list.LATENCY_EXPLORER, _JOB)
"""Link from the durations of a service to its slow traces."""

SLOW_REQUESTS_OF_ROUTE: Final = _link(
    "Explore slow requests", dashboard_list.LATENCY_EXPLORER, _JOB, "${route:queryparam}"
)
"""Link from the durations of a route to its slow traces."""

TRACE_VIEW: Final = "viewPanel=panel-" + str(
    panel_id(
        dashboard_list.LATENCY_EXPLORER.uid, dashboard_list.TRACE_ROW, dashboard_list.TRACE_PANEL
    )
)
"""Parameter that shows the trace alone. The data source's links from exemplars contain it, too."""

_TRACE: Final = _link(
    "Open the trace",
    dashboard_list.LATENCY_EXPLORER,
    TRACE_VIEW,
    "var-trace_id=${__value.raw}",
    _JOB,
)

TRACE_COLUMNS: Final = (
    Override(
        matcher="byName",
        pattern="traceID",
        properties={"links": [_TRACE.json()], "custom.width": 90},
    ),
    Override(
        matcher="byName",
        pattern="traceName",
        properties={
            "custom.minWidth": 70,
            "custom.wrapText": True,
        },
    ),
    Override(
        matcher="byName",
        pattern="startTime",
        properties={"unit": "time:HH:mm:ss", "custom.width": 90},
    ),
    Override(matcher="byName", pattern="duration", properties={"custom.width": 85}),
)
"""Columns of a trace search. A trace id opens the trace; the name takes the rest of the width."""
