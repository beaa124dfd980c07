"""Variables that several dashboards share."""

from dataclasses import replace
from typing import Final

from instrumentation import conventions
from sightline.mixin import queries
from sightline.mixin.dashboards.selection import JOBS as SELECTED_JOBS
from sightline.mixin.dashboards.selection import (
    MOST,
    PROCESSES,
    SELECTED_PLACES,
    SELECTED_SERVICES,
    build_info,
    default_to_zero,
    labels,
)
from sightline.mixin.grafana.variables import (
    Choice,
    DataSource,
    LabelValues,
    Number,
    TextBox,
)
from sightline.mixin.identity import IDENTITY
from sightline.mixin.rules import services

PROMETHEUS: Final = DataSource(type="prometheus", uid="prometheus")
JAEGER: Final = DataSource(type="jaeger", uid="jaeger")


def _services(where: str) -> str:
    """Return the selector of services that match *where*.

    It selects series of our instrumentation and those of any OpenTelemetry HTTP server.
    """
    names = f"{queries.SERVER}_count|{conventions.SIGHTLINE_INTERNAL_ERRORS}_total"
    return f'{{__name__=~"{names}", {where}}}'


_ANY_SERVICE: Final = _services('job!=""')
_SERVICE_OF_CLUSTER: Final = _services('cluster=~"$cluster|"')

CLUSTERS: Final = LabelValues(
    name="cluster",
    label="Cluster",
    query=f"label_values({_ANY_SERVICE}, cluster)",
    all_value=".*",
)
"""Clusters. Without the label there is no choice, and All selects everything."""

NAMESPACES: Final = LabelValues(
    name="namespace",
    label="Namespace",
    query=f"label_values({_SERVICE_OF_CLUSTER}, namespace)",
    all_value=".*",
)

PLACES: Final = (CLUSTERS, NAMESPACES)

JOBS: Final = LabelValues(
    name="job", label="Job", query=f"label_values({_services(SELECTED_PLACES)}, job)"
)
"""Instrumented services. ``job`` is ``service.name``."""

JOB: Final = replace(JOBS, all=False, multi=False, default="gateway")
"""One service, because Jaeger searches in one service at a time."""

INSTANCES: Final = LabelValues(
    name="instance",
    label="Instance",
    query=f"label_values({_services(SELECTED_SERVICES)}, instance)",
)

ROUTE: Final = LabelValues(
    name="route",
    label="Route",
    query=f"label_values({queries.SERVER}_count{{{SELECTED_SERVICES}}}, http_route)",
    all=False,
    multi=False,
    regex="/.+/",
)


def _counted(name: str, series: str) -> tuple[Number, Number]:
    """Return the number of *series*, and how many of them a panel shows."""
    count = default_to_zero(f"count({series})")
    return (
        Number(name=name, expr=count),
        Number(name=f"{name}_shown", expr=f"clamp_max({count}, {MOST})"),
    )


COUNTED_SERVICES: Final = _counted("services", SELECTED_JOBS.select(services.REQUESTS))
COUNTED_INSTRUMENTED: Final = _counted(
    "services", f"group by ({labels(IDENTITY)}) ({build_info(SELECTED_JOBS)})"
)
COUNTED_ROUTES: Final = _counted(
    "routes", SELECTED_JOBS.narrow('http_route!=""').select(services.ROUTE_REQUESTS)
)
COUNTED_PROCESSES: Final = _counted("processes", build_info(PROCESSES))

MIN_DURATION: Final = Choice(
    name="min_duration",
    label="Slower than",
    values=("100ms", "250ms", "500ms", "1s", "5s", "1ms"),
)

TRACE_ID: Final = TextBox(name="trace_id", label="Trace ID")
