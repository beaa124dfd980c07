"""Row of panels about the service registry and its clients."""

from typing import Final

from instrumentation import service_metrics
from sightline.mixin.dashboards import thresholds
from sightline.mixin.dashboards.selection import PROCESSES
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.schema import Unit
from sightline.mixin.grafana.targets import Query
from sightline.mixin.grafana.time_panels import TimeSeries
from sightline.mixin.identity import IDENTITY

_LISTED: Final = (*IDENTITY, "service")


def _instances(status: str) -> tuple[Query, ...]:
    """Return the query for the instances with *status*, by service."""
    selected = PROCESSES.narrow(f'status="{status}"')
    return (
        Query(
            expr=selected.max(service_metrics.SERVICE_REGISTRY_INSTANCES, by=_LISTED),
            legend="{{service}}",
        ),
    )


REGISTRY: Final = Row(
    title="Service registry",
    collapsed=True,
    lines=(
        (
            TimeSeries(
                title="Instances that pass",
                description="Instances whose health check passes, by service. At 0, callers keep "
                "the instances of their last list.",
                unit=Unit.COUNT,
                queries=_instances("passing"),
                no_value="no registry",
            ),
            TimeSeries(
                title="Critical instances",
                description="Instances whose health check fails, by service. Above 0, the other "
                "instances carry their load. Check whether the processes run.",
                unit=Unit.COUNT,
                queries=_instances("critical"),
                scale=thresholds.CRITICAL_INSTANCES,
                no_value="no registry",
            ),
        ),
        (
            TimeSeries(
                title="Age of the lists",
                description="Time since the registry last answered a caller, by caller and called "
                "service. If a curve rises beyond ten seconds, the registry is away, and the "
                "caller uses an old list.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=PROCESSES.max(
                            service_metrics.SERVICE_REGISTRY_LIST_AGE_SECONDS, by=_LISTED
                        ),
                        legend="{{job}} → {{service}}",
                    ),
                ),
                scale=thresholds.LIST_AGE,
                no_value="no registry",
            ),
            TimeSeries(
                title="Failed registrations",
                description="Failed attempts per second to register, or to find the registration, "
                "by service. Above 0, an instance is not in the lists: the registry is away or "
                "rejects it, as the log of the service says.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.rate(
                            f"{service_metrics.SERVICE_REGISTRY_REGISTRATIONS}_total",
                            by=IDENTITY,
                            where='result="failure"',
                        ),
                        legend="{{job}}",
                    ),
                ),
                no_value="no registry",
            ),
        ),
    ),
)
"""Collapsed, because most services have no such registry."""
