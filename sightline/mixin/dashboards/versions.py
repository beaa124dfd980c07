"""Row of panels that compare the versions and instances of a service, and name its errors."""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.dashboards import links, thresholds
from sightline.mixin.dashboards.selection import (
    JOBS,
    PROCESSES,
    TOP,
    build_info,
    keep_top,
    labels,
    peak,
)
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.schema import Unit
from sightline.mixin.grafana.tables import Column, Key, Table
from sightline.mixin.grafana.targets import Query
from sightline.mixin.grafana.time_panels import TimeSeries
from sightline.mixin.identity import IDENTITY
from sightline.mixin.rules import services

VERSION: Final = "service_version"
BY_VERSION: Final = (VERSION,)

_INSTANCE: Final = (*IDENTITY, "instance")
_VERSIONS: Final = f"group by ({labels(_INSTANCE)}, {VERSION}) ({build_info(PROCESSES)})"


def _with_version(series: str) -> str:
    """Return *series* of processes with their version, if they report one."""
    return (
        f"{series}\n* on ({labels(_INSTANCE)}) group_left ({VERSION})\n{_VERSIONS}\n"
        f"or on ({labels(_INSTANCE)})\n{series}"
    )


def _time(part: str) -> str:
    rate = PROCESSES.rate(f"{queries.SERVER}_{part}", by=_INSTANCE)
    return f"sum by ({VERSION}) (\n{_with_version(rate)}\n)"


_REQUESTS: Final = JOBS.sum(services.VERSION_REQUESTS, by=BY_VERSION)
_ERROR_RATIO: Final = queries.share(JOBS.sum(services.VERSION_ERRORS, by=BY_VERSION), _REQUESTS)
_MEAN_DURATION: Final = queries.share(_time("sum"), _time("count"))

_FAILED: Final = PROCESSES.narrow(queries.SERVER_ERROR).select(f"{queries.SERVER}_count")
_ERRORS: Final = f"""
topk(20, sum by (error_type, http_route, {VERSION}) (
{_with_version(f"increase({_FAILED}[$__range])")}
) > 0)
"""

_INSTANCE_ERRORS: Final = JOBS.select(services.INSTANCE_ERRORS)
_INSTANCE_RATIO: Final = queries.share(_INSTANCE_ERRORS, JOBS.select(services.INSTANCE_REQUESTS))

VERSIONS: Final = Row(
    title="Errors, versions and instances compared",
    collapsed=True,
    lines=(
        (
            Table(
                title="Errors by type, route and version",
                description="Failed requests in the time range, by error type, route and version: "
                "the status code, or the exception if the service reports it. A type with a single "
                "version came with that version.",
                keys=(
                    Key(label="error_type", title="Type"),
                    Key(label="http_route", title="Route", link=links.CLICKED_ROUTE),
                    Key(label=VERSION, title="Version"),
                ),
                columns=(Column(title="Failed", expr=_ERRORS, unit=Unit.COUNT, decimals=0),),
                sort_by="Failed",
                no_value="no error",
            ),
        ),
        (
            Table(
                title="Versions",
                description="Requests, errors and mean duration of each version. A new version "
                "with more errors or a longer duration than the old one under the same traffic is "
                "a bad canary: stop its rollout.",
                keys=(Key(label=VERSION, title="Version"),),
                columns=(
                    Column(
                        title="Instances",
                        expr=f"count by ({VERSION}) ({_VERSIONS})",
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
                        scale=thresholds.ERROR_RATIO,
                    ),
                    Column(title="Mean", expr=_MEAN_DURATION, unit=Unit.SECONDS, decimals=1),
                ),
                sort_by="Requests",
                no_value="no version known",
            ),
        ),
        (
            TimeSeries(
                title="Error ratio by version",
                description="Share of requests with a 5xx response, by version. If only the new "
                "version fails, roll it back. If all versions fail, a dependency is the cause.",
                unit=Unit.RATIO,
                queries=(Query(expr=_ERROR_RATIO, legend=f"{{{{{VERSION}}}}}"),),
                soft_max=0.1,
                scale=thresholds.ERROR_RATIO,
                no_value="no version known",
            ),
            TimeSeries(
                title="Mean duration by version",
                description="Mean duration of requests, by version. If the new version is slower "
                "from its first minutes on, it may be cold. If it stays slower, it regressed.",
                unit=Unit.SECONDS,
                queries=(Query(expr=_MEAN_DURATION, legend=f"{{{{{VERSION}}}}}"),),
                no_value="no traffic",
            ),
            TimeSeries(
                title=f"Errors by instance, {TOP}",
                description="Share of requests with a 5xx response, of the instances with the "
                "highest peaks. If a single one fails, restart or remove it: its host or its "
                "connections are the cause.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=keep_top(
                            _INSTANCE_RATIO, peak(_INSTANCE_ERRORS, by=_INSTANCE), by=_INSTANCE
                        ),
                        legend="{{instance}}",
                    ),
                ),
                soft_max=0.1,
                scale=thresholds.ERROR_RATIO,
                no_value="no traffic",
            ),
        ),
    ),
)
"""Collapsed, because the question arises when the panels above show errors."""
