"""Is everything well, and if not, which service?"""

from typing import Final

from sightline.mixin.dashboards import frame
from sightline.mixin.grafana.board import Dashboard, Row
from sightline.mixin.grafana.charts import Curves, States
from sightline.mixin.grafana.fields import named, rising
from sightline.mixin.grafana.graphs import ServiceMap
from sightline.mixin.grafana.panels import Stat
from sightline.mixin.grafana.tables import Column, Key, Table
from sightline.mixin.grafana.targets import Now, Query
from sightline.mixin.grafana.words import Colour, Unit

_REQUESTS: Final = """
sum by (job) (rate(http_server_request_duration_seconds_count{job=~"$job"}[$__rate_interval]))
"""
_ERROR_RATIO: Final = """
(
  sum by (job) (
    rate(http_server_request_duration_seconds_count{
      job=~"$job", http_response_status_code=~"5.."
    }[$__rate_interval])
  )
  or 0 * sum by (job) (
    rate(http_server_request_duration_seconds_count{job=~"$job"}[$__rate_interval])
  )
)
/ (
  sum by (job) (
    rate(http_server_request_duration_seconds_count{job=~"$job"}[$__rate_interval])
  ) > 0
)
"""


def _quantile(quantile: float) -> str:
    return f"""
histogram_quantile({quantile}, sum by (job, le) (
  rate(http_server_request_duration_seconds_bucket{{job=~"$job"}}[$__rate_interval])
))
"""


_NOW: Final = Row(
    title="Now",
    lines=(
        (
            Stat(
                title="Services down",
                description="Services of which no instance answers Prometheus. "
                "Anything but 0: see the table below for which, then its log.",
                unit=Unit.COUNT,
                queries=(Now(expr='count(sum by (job) (up{job=~"$job"}) == 0) or vector(0)'),),
                scale=rising(bad=1),
            ),
            Stat(
                title="Firing alerts",
                description="Alerts that want a person now. "
                "Anything but 0: the list below names them; each has a runbook.",
                unit=Unit.COUNT,
                queries=(
                    Now(
                        expr='count(ALERTS{alertstate="firing", severity=~"critical|warning"})'
                        " or vector(0)"
                    ),
                ),
                scale=rising(bad=1),
            ),
            Stat(
                title="Requests",
                description="Requests that all services complete. "
                "A sudden fall to nothing is an outage that no error ratio shows.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(Query(expr=f"sum({_REQUESTS.strip()})"),),
                when_empty="no traffic",
            ),
        ),
    ),
)

_SERVICES: Final = Row(
    title="Services",
    lines=(
        (
            Table(
                title="Services",
                description="One line a service. Red or orange: click the service.",
                keys=(
                    Key(label="job", title="Service", link=frame.to_service("${__value.raw}")),
                    Key(
                        label="service_version",
                        title="Version",
                        expr='count by (job, service_version) (app_build_info{job=~"$job"})',
                    ),
                ),
                columns=(
                    Column(
                        title="Instances up",
                        expr='sum by (job) (up{job=~"$job"})',
                        unit=Unit.COUNT,
                    ),
                    Column(
                        title="Requests",
                        expr=_REQUESTS,
                        unit=Unit.REQUESTS_PER_SECOND,
                        decimals=2,
                    ),
                    Column(
                        title="Errors",
                        expr=_ERROR_RATIO,
                        unit=Unit.RATIO,
                        decimals=2,
                        scale=rising(warning=0.01, bad=0.05),
                    ),
                    Column(
                        title="p95",
                        expr=_quantile(0.95),
                        unit=Unit.SECONDS,
                        scale=rising(warning=0.5, bad=1),
                    ),
                    Column(
                        title="In flight",
                        expr='sum by (job) (http_server_active_requests{job=~"$job"})',
                        unit=Unit.COUNT,
                    ),
                ),
                sort_by="Requests",
            ),
        ),
        (
            Curves(
                title="Requests",
                description="Completed requests of each service. "
                "A cliff means callers stopped or nothing is answered.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(Query(expr=_REQUESTS, legend="{{job}}"),),
            ),
            Curves(
                title="Error ratio",
                description="Share of requests answered 5xx. "
                "Above the dashed line: open the service and look at its routes.",
                unit=Unit.RATIO,
                queries=(Query(expr=_ERROR_RATIO, legend="{{job}}"),),
                scale=rising(bad=0.05),
            ),
            Curves(
                title="Duration, p95",
                description="19 of 20 requests are faster. "
                "When several rise at once, look at the one that the others call.",
                unit=Unit.SECONDS,
                queries=(Query(expr=_quantile(0.95), legend="{{job}}"),),
                scale=rising(bad=1),
            ),
        ),
    ),
)

_ALERTS: Final = Row(
    title="Alerts and topology",
    lines=(
        (
            States(
                title="Alerts over time",
                description="When each alert fired: red is critical, orange a warning. "
                "The leftmost band of a group is usually the cause.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr="""
max by (alertname, job) (
  2 * ALERTS{alertstate="firing", severity="critical"}
  or ALERTS{alertstate="firing", severity="warning"}
)
""",
                        legend="{{alertname}} {{job}}",
                    ),
                ),
                mappings=tuple(
                    named({"1": ("warning", Colour.WARNING), "2": ("critical", Colour.BAD)})
                ),
                when_empty="no alert fired",
            ),
            ServiceMap(
                title="Who calls whom",
                description="Calls between services, counted from traces. "
                "A missing arrow means lost context or a dead service.",
            ),
        ),
    ),
)

FLEET: Final = Dashboard(
    uid="fleet",
    title="Fleet",
    description="Is everything well, and if not, which service?",
    tags=frame.TAGS,
    variables=(frame.PROMETHEUS, frame.JAEGER, frame.JOBS),
    annotations=frame.ANNOTATIONS,
    links=(frame.SIBLINGS,),
    rows=(_NOW, _SERVICES, _ALERTS),
)
