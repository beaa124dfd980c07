"""Dashboard Routes: the slowest, failing and regressed routes of all services."""

from typing import Final

from sightline.mixin import dashboard_list, queries
from sightline.mixin.dashboards import colors, links, thresholds, variables
from sightline.mixin.dashboards.base import create_dashboard
from sightline.mixin.dashboards.place_keys import PLACE_KEYS
from sightline.mixin.dashboards.selection import (
    JOBS,
    MOST,
    TOP_ROUTES,
    drop_nan,
    keep_top,
    labels,
    peak,
)
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.fields import rising_scale
from sightline.mixin.grafana.schema import Unit
from sightline.mixin.grafana.tables import Column, Key, Table
from sightline.mixin.grafana.targets import Query
from sightline.mixin.grafana.time_panels import TimeSeries
from sightline.mixin.grafana.variables import Choice
from sightline.mixin.queries import ROUTE
from sightline.mixin.rules import services as rules

BEFORE: Final = Choice(name="before", label="Compare with", values=("10m", "1h", "1d", "7d"))
"""Age of the durations that regressions are measured against."""

_REGRESSION: Final = 1.2
"""Ratio of durations from which a route counts as slower. Below, the difference is noise."""

_ROUTES: Final = JOBS.narrow('http_route!=""')
REQUESTS: Final = _ROUTES.max(rules.ROUTE_REQUESTS, by=ROUTE)
ERROR_RATIO: Final = _ROUTES.max(rules.ROUTE_ERROR_RATIO, by=ROUTE)
_RATIOS: Final = _ROUTES.select(rules.ROUTE_ERROR_RATIO)


def _quantile(quantile: str) -> str:
    return _ROUTES.narrow(f'quantile="{quantile}"').select(rules.ROUTE_DURATION)


P50: Final = _quantile("0.5")
P95: Final = _quantile("0.95")
P99: Final = _quantile("0.99")

SLOWER: Final = f"""
(
  {queries.share(f"({drop_nan(P95)})", f"{P95} offset $before")}
) > {_REGRESSION:g}
"""


def _without_quantile(series: str) -> str:
    """Return *series* with the labels of a route only, so that columns fit into one row."""
    return f"max by ({labels(ROUTE)}) ({series})"


def _of_top(series: str, rank: str) -> str:
    """Return *series* of the routes with the largest *rank*."""
    return keep_top(series, rank, by=ROUTE)


_KEYS: Final = (
    *PLACE_KEYS,
    Key(label="job", title="Service", link=links.CLICKED_SERVICE, width=135),
    Key(label="http_route", title="Route", link=links.CLICKED_ROUTE_OF_ROW, width=220),
)


def _columns(rank: str) -> tuple[Column, ...]:
    """Return the columns that every table has, of the routes with the largest *rank*."""
    return (
        Column(
            title="Requests",
            expr=_of_top(REQUESTS, rank),
            unit=Unit.REQUESTS_PER_SECOND,
            decimals=2,
        ),
        Column(
            title="Errors",
            expr=_of_top(ERROR_RATIO, rank),
            unit=Unit.RATIO,
            decimals=2,
            scale=thresholds.ERROR_RATIO,
        ),
        Column(
            title="p50",
            expr=_of_top(_without_quantile(drop_nan(P50)), rank),
            unit=Unit.SECONDS,
            decimals=1,
        ),
        Column(
            title="p99",
            expr=_of_top(_without_quantile(drop_nan(P99)), rank),
            unit=Unit.SECONDS,
            decimals=1,
            scale=thresholds.DURATION_P99,
        ),
    )


_FAILING: Final = f"{ERROR_RATIO} > 0"
_SLOWER: Final = _without_quantile(SLOWER.strip())

WORST: Final = Row(
    title="Slow, failing and slower routes",
    lines=(
        (
            Table(
                title=f"Slowest routes, {TOP_ROUTES}",
                height=8,
                description="The ten routes with the longest p99 now. A route with few requests "
                "costs few users their time: compare the rates. Click a route to see its slow "
                "requests.",
                keys=_KEYS,
                columns=_columns(_without_quantile(drop_nan(P99))),
                sort_by="p99",
                no_value="no traffic",
            ),
        ),
        (
            Table(
                title=f"Failing routes, {MOST} at most",
                height=8,
                description="The ten routes with the highest ratio of 5xx responses. Several "
                "routes of one service share a cause; the same ratio in two services means that "
                "one calls the other.",
                keys=_KEYS,
                columns=_columns(_FAILING),
                sort_by="Errors",
                no_value="no route fails",
            ),
        ),
        (
            Table(
                title=f"Slower than before, {MOST} at most",
                height=8,
                description="The ten routes whose p95 grew most since the time selected above, by "
                "at least a fifth. If a deploy of the service lies in between, its changes are the "
                "likely cause.",
                keys=_KEYS,
                columns=(
                    *_columns(_SLOWER),
                    Column(
                        title="Slower",
                        expr=_of_top(_SLOWER, _SLOWER),
                        unit=Unit.FACTOR,
                        decimals=1,
                        scale=rising_scale(warning=1.5, bad=2),
                    ),
                ),
                sort_by="Slower",
                no_value="no route is slower",
            ),
        ),
    ),
)

_LEGEND: Final = "{{job}} {{http_route}}"


def _top(series: str, ranked: str) -> tuple[Query, ...]:
    """Return a query for the routes with the highest peaks of the selector *ranked*."""
    return (Query(expr=_of_top(series, peak(ranked, by=ROUTE)), legend=_LEGEND),)


HISTORY: Final = Row(
    title="Over time",
    lines=(
        (
            TimeSeries(
                title=f"p99 by route, {TOP_ROUTES}",
                description="Duration that 1 % of requests exceed, of the ten slowest routes. "
                "Routes that become slow at the same moment wait for the same thing.",
                unit=Unit.SECONDS,
                queries=_top(drop_nan(P99), P99),
                scale=thresholds.DURATION_P99,
                overrides=colors.NAMES,
                no_value="no traffic",
            ),
            TimeSeries(
                title=f"Errors by route, {TOP_ROUTES}",
                description="Share of requests with a 5xx response, of the ten routes with the "
                "highest peaks. A curve above the red line is the route to open first.",
                unit=Unit.RATIO,
                queries=_top(ERROR_RATIO, _RATIOS),
                soft_max=0.1,
                scale=thresholds.ERROR_RATIO,
                overrides=colors.NAMES,
                no_value="no traffic",
            ),
        ),
    ),
)

DASHBOARD: Final = create_dashboard(
    dashboard_list.ROUTES,
    variables=(
        variables.PROMETHEUS,
        *variables.PLACES,
        variables.JOBS,
        BEFORE,
        *variables.COUNTED_ROUTES,
    ),
    rows=(WORST, HISTORY),
)
