"""Panels of the RED method: rate, errors and duration of served requests."""

from collections.abc import Sequence

from sightline.mixin import queries
from sightline.mixin.dashboards import colors, thresholds
from sightline.mixin.dashboards.selection import Selection
from sightline.mixin.grafana.fields import Link
from sightline.mixin.grafana.panels import Stat
from sightline.mixin.grafana.schema import Unit
from sightline.mixin.grafana.tables import Column
from sightline.mixin.grafana.targets import Buckets, InstantQuery, Query
from sightline.mixin.grafana.time_panels import Heatmap, TimeSeries


def requests_stat(selection: Selection) -> Stat:
    """Return the panel of the current rate of requests."""
    return Stat(
        title="Requests",
        description="Completed requests per second. Zero means that callers stopped sending "
        "requests or that no request completes.",
        unit=Unit.REQUESTS_PER_SECOND,
        queries=(InstantQuery(expr=selection.requests(by=())),),
        no_value="no traffic",
    )


def errors_stat(selection: Selection) -> Stat:
    """Return the panel of the current ratio of 5xx responses."""
    return Stat(
        title="Errors",
        description="Share of requests with a 5xx response. Red means that the value is above the "
        "threshold of an alert: open one of the failed traces below.",
        unit=Unit.RATIO,
        decimals=2,
        queries=(InstantQuery(expr=selection.error_ratio(by=())),),
        scale=thresholds.ERROR_RATIO,
        no_value="no traffic",
    )


def duration_stat(selection: Selection) -> Stat:
    """Return the panel of the current p99 duration."""
    return Stat(
        title="Duration, p99",
        description="Duration that 1 % of requests exceed. Red means that the value is above the "
        "threshold of an alert: open one of the slow traces below.",
        unit=Unit.SECONDS,
        queries=(InstantQuery(expr=selection.quantile(0.99, queries.SERVER, by=())),),
        scale=thresholds.DURATION_P99,
        no_value="no traffic",
    )


def request_rate(selection: Selection) -> TimeSeries:
    """Return the panel of requests by class of status code."""
    by_code = selection.rate(f"{queries.SERVER}_count", by=("http_response_status_code",))
    classes = f"""
sum by (class) (label_replace(
  {by_code},
  "class", "${{1}}xx", "http_response_status_code", "(.).."
)) > 0
"""
    return TimeSeries(
        title="Requests by status",
        description="Completed requests per second, by class of status code. Errors of the service "
        "(5xx) are red, errors of the caller (4xx) are yellow. A sudden drop to zero is an outage "
        "without errors: callers cannot reach the service, or no request completes.",
        unit=Unit.REQUESTS_PER_SECOND,
        queries=(Query(expr=classes, legend="{{class}}"),),
        overrides=colors.STATUS_CLASSES,
        stacked=True,
        no_value="no traffic",
    )


def error_ratio(selection: Selection) -> TimeSeries:
    """Return the panel of the ratio of 5xx responses, with a series per service."""
    return TimeSeries(
        title="Error ratio",
        description="Share of requests with a 5xx response. A curve above the red line fires an "
        "alert. Open one of the failed traces to see which call failed.",
        unit=Unit.RATIO,
        queries=(Query(expr=selection.error_ratio(), legend="{{job}}"),),
        soft_max=0.1,
        scale=thresholds.ERROR_RATIO,
        overrides=colors.SERVICES,
        no_value="no traffic",
    )


def duration_quantiles(selection: Selection, *links: Link) -> TimeSeries:
    """Return the panel of duration quantiles with exemplars."""
    return TimeSeries(
        title="Duration",
        description="Duration of requests: 50 %, 95 % and 99 % of them are faster than the curve "
        "shows. If only p99 rises, few requests are slow: click a dot to open the trace of one. "
        "If p50 rises as well, all requests are slow.",
        unit=Unit.SECONDS,
        queries=selection.quantile_queries(queries.SERVER),
        overrides=colors.QUANTILES,
        links=links,
        scale=thresholds.DURATION_P99,
        no_value="no traffic",
    )


def duration_heatmap(selection: Selection) -> Heatmap:
    """Return the panel of the distribution of durations."""
    return Heatmap(
        title="Distribution of durations",
        description="Requests per second in each duration bucket. Two bands mean two kinds of "
        "requests. The slower band is typically a cache miss, a retry or a slow dependency.",
        unit=Unit.REQUESTS_PER_SECOND,
        queries=(Buckets(expr=selection.buckets(queries.SERVER)),),
    )


def request_columns(selection: Selection, *, by: Sequence[str]) -> tuple[Column, ...]:
    """Return table columns of rate, errors and duration, for a row per set of the labels *by*."""
    return (
        Column(
            title="Requests",
            expr=selection.requests(by=by),
            unit=Unit.REQUESTS_PER_SECOND,
            decimals=1,
            width=91,
        ),
        Column(
            title="Errors",
            expr=selection.error_ratio(by=by),
            unit=Unit.RATIO,
            decimals=2,
            scale=thresholds.ERROR_RATIO,
        ),
        Column(
            title="p50",
            expr=selection.quantile(0.5, queries.SERVER, by=by),
            unit=Unit.SECONDS,
            decimals=1,
        ),
        Column(
            title="p99",
            expr=selection.quantile(0.99, queries.SERVER, by=by),
            unit=Unit.SECONDS,
            decimals=1,
            scale=thresholds.DURATION_P99,
        ),
    )
