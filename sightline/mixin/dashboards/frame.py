"""What every dashboard has around its panels: variables, annotations, ways to the others."""

from typing import Final

from sightline.mixin.grafana.board import Annotation
from sightline.mixin.grafana.fields import Link, Override
from sightline.mixin.grafana.variables import Choice, DataSource, LabelValues, TextBox
from sightline.mixin.grafana.vocabulary import Color, Json

TAGS: Final = ("sightline",)

PROMETHEUS: Final = DataSource(type="prometheus", uid="prometheus")
JAEGER: Final = DataSource(type="jaeger", uid="jaeger")

JOBS: Final = LabelValues(name="job", label="Job", query="label_values(app_build_info, job)")
"""Instrumented services; ``job`` is ``service.name``."""

JOB: Final = LabelValues(
    name="job",
    label="Job",
    query="label_values(app_build_info, job)",
    all=False,
    default="gateway",
)
"""One service, since Jaeger searches in one."""

INSTANCES: Final = LabelValues(
    name="instance",
    label="Instance",
    query='label_values(app_build_info{job=~"$job"}, instance)',
)

MIN_DURATION: Final = Choice(
    name="min_duration",
    label="Slower than",
    values=("100ms", "250ms", "500ms", "1s", "5s", "1ms"),
)

TRACE_ID: Final = TextBox(name="trace_id", label="Trace ID")

ANNOTATIONS: Final = (
    Annotation(
        name="Alerts",
        expr='ALERTS{alertstate="firing", severity=~"critical|warning", job=~"$job"}',
        color=Color.BAD,
        title="{{alertname}}",
        text="{{severity}}: {{job}}",
    ),
    Annotation(
        name="Restarts",
        expr='time() - process_start_time_seconds{job=~"$job"} < 30',
        color=Color.WARNING,
        title="{{job}} started",
        text="{{instance}}",
    ),
    Annotation(
        name="Deploys",
        expr="""
count by (job, service_version) (app_build_info{job=~"$job"})
  unless count by (job, service_version) (app_build_info{job=~"$job"} offset 1m)
""",
        color=Color.INFORMATION,
        title="{{job}} {{service_version}}",
    ),
    Annotation(
        name="Faults",
        expr="max by (point, kind) (fault_injected) > 0",
        color=Color.FAULT,
        title="fault: {{kind}}",
        text="{{point}}",
    ),
)

SIBLINGS: Final[Json] = {
    "type": "dashboards",
    "title": "Sightline",
    "tags": list(TAGS),
    "asDropdown": True,
    "includeVars": True,
    "keepTime": True,
    "targetBlank": False,
    "icon": "external link",
    "tooltip": "The other dashboards, at the same time and with the same choices",
    "url": "",
}

KEEP: Final = "${__url_time_range}&${prometheus_datasource:queryparam}"
"""Query string that carries the time range and the data source to the next dashboard."""


def to_service(job: str) -> Link:
    """The service called *job*, which may be a Grafana expression."""
    return Link(title="Service", url=f"/d/service?var-job={job}&{KEEP}")


TO_OBJECTIVES: Final = Link(title="Objectives", url=f"/d/slo?{KEEP}")
"""Of whichever service is chosen there."""

TO_ITS_OBJECTIVES: Final = Link(title="Objectives", url=f"/d/slo?${{job:queryparam}}&{KEEP}")
"""Of the chosen service."""


def to_route(route: str) -> Link:
    """A route of the chosen service."""
    return Link(title="Route", url=f"/d/route?${{job:queryparam}}&var-route={route}&{KEEP}")


OPEN_TRACE: Final = Override(
    matcher="byName",
    pattern="traceID",
    properties={
        "links": [
            Link(
                title="Open the trace",
                url="/d/latency-explorer?var-trace_id=${__value.raw}&${job:queryparam}&" + KEEP,
            ).json()
        ],
        "custom.width": 268,
    },
)
"""A trace id in a table leads to its waterfall."""

TO_EXPLORER: Final = Link(
    title="Explore slow requests", url=f"/d/latency-explorer?${{job:queryparam}}&{KEEP}"
)
"""From the durations of a service to its slow traces."""

TRACES: Final = (
    OPEN_TRACE,
    Override(matcher="byName", pattern="startTime", properties={"custom.width": 160}),
    Override(matcher="byName", pattern="duration", properties={"custom.width": 85}),
)
"""The columns of a search for traces; its name takes what is left."""
