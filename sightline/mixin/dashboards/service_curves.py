"""Services that are down, and rate, errors and duration with a curve per service."""

from typing import Final

from sightline.mixin.dashboards import colors, thresholds
from sightline.mixin.dashboards.recorded import SERVICES
from sightline.mixin.dashboards.selection import (
    JOBS,
    TOP_SERVICES,
    build_info,
    default_to_zero,
    drop_nan,
    keep_top,
    labels,
    peak,
    running,
)
from sightline.mixin.grafana.panels import Stat
from sightline.mixin.grafana.schema import Unit
from sightline.mixin.grafana.targets import InstantQuery, Query
from sightline.mixin.grafana.time_panels import TimeSeries
from sightline.mixin.identity import IDENTITY
from sightline.mixin.rules import services as rules

_P99: Final = JOBS.narrow('quantile="0.99"')
REQUESTS: Final = SERVICES.requests()
ERROR_RATIO: Final = running(JOBS.max(rules.ERROR_RATIO))
DURATION_P99: Final = running(drop_nan(_P99.max(rules.DURATION)))
"""PromQL by service, for services with a running instance."""

UP: Final = f"""
({JOBS.sum("up")} and on ({labels(IDENTITY)}) (
  last_over_time({JOBS.select(rules.REQUESTS)}[$__range])
  or last_over_time({build_info(JOBS)}[$__range])
))
"""
"""PromQL for instances that are up, limited to services that exported metrics in the time range."""

SERVICES_DOWN: Final = Stat(
    title="Services down",
    description="Number of services without a single instance that Prometheus can scrape. Anything "
    "but 0 is an outage. The first row of the Fleet dashboard's table is a service that is down; "
    "read its log next.",
    unit=Unit.COUNT,
    queries=(InstantQuery(expr=default_to_zero(f"count({UP} == 0)")),),
    scale=thresholds.ONE_IS_BAD,
)


def _top(series: str, ranked: str) -> tuple[Query, ...]:
    """Return a query for the services with the highest peaks of the selector *ranked*."""
    return (Query(expr=keep_top(series, peak(ranked)), legend="{{job}}"),)


CURVES: Final = (
    TimeSeries(
        title=f"Requests, {TOP_SERVICES}",
        description="Completed requests per second of the services with the highest peaks. A "
        "sudden drop means that callers stopped sending requests or that no request completes.",
        unit=Unit.REQUESTS_PER_SECOND,
        queries=_top(REQUESTS, JOBS.select(rules.REQUESTS)),
        overrides=colors.SERVICES,
        no_value="no traffic",
    ),
    TimeSeries(
        title=f"Errors, {TOP_SERVICES}",
        description="Share of requests with a 5xx response, by service. A curve above the red line "
        "fires an alert. Open that service and look for the route that fails.",
        unit=Unit.RATIO,
        queries=_top(ERROR_RATIO, JOBS.select(rules.ERROR_RATIO)),
        overrides=colors.SERVICES,
        soft_max=0.1,
        scale=thresholds.ERROR_RATIO,
        no_value="no traffic",
    ),
    TimeSeries(
        title=f"p99, {TOP_SERVICES}",
        description="Duration that 1 % of requests exceed, by service. If several services become "
        "slow at the same time, the cause is usually the service that the others call.",
        unit=Unit.SECONDS,
        queries=_top(DURATION_P99, _P99.select(rules.DURATION)),
        overrides=colors.SERVICES,
        scale=thresholds.DURATION_P99,
        no_value="no traffic",
    ),
)
