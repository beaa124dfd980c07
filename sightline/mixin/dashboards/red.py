"""Rate, errors, duration: the three pictures of whatever serves requests."""

from collections.abc import Sequence

from sightline.mixin import queries
from sightline.mixin.dashboards import limits, looks
from sightline.mixin.dashboards.selection import Selection
from sightline.mixin.grafana.charts import Heatmap, TimeSeries
from sightline.mixin.grafana.fields import Link
from sightline.mixin.grafana.tables import Column
from sightline.mixin.grafana.targets import Buckets, Query
from sightline.mixin.grafana.vocabulary import Unit


def rate(selection: Selection) -> TimeSeries:
    """Requests by class of status code."""
    by_code = selection.requests(by=("http_response_status_code",))
    classes = f"""
sum by (class) (label_replace(
  {by_code},
  "class", "${{1}}xx", "http_response_status_code", "(.).."
)) > 0
"""
    return TimeSeries(
        title="Requests by status",
        description="Completed requests by class of status code. "
        "Red is ours to mend, yellow the caller's; a cliff to nothing is an outage without errors.",
        unit=Unit.REQUESTS_PER_SECOND,
        queries=(Query(expr=classes, legend="{{class}}"),),
        overrides=looks.STATUS_CLASSES,
        stacked=True,
        when_empty="no traffic",
    )


def errors(selection: Selection, *more: Query) -> TimeSeries:
    """Share answered 5xx, of each service."""
    return TimeSeries(
        title="Error ratio",
        description="Share of requests answered 5xx. "
        "Above the red line an alert fires: open the failed traces below.",
        unit=Unit.RATIO,
        queries=(Query(expr=selection.error_ratio(), legend="{{job}}"), *more),
        reaches=0.1,
        scale=limits.ERROR_RATIO,
        when_empty="no traffic",
    )


def duration(selection: Selection, *links: Link) -> TimeSeries:
    """Quantiles of the duration, with exemplars."""
    return TimeSeries(
        title="Duration",
        description="Half, 95 % and 99 % of requests are faster. "
        "When only p99 rises, click a dot: it is one slow request's trace.",
        unit=Unit.SECONDS,
        queries=selection.quantiles(queries.SERVER),
        overrides=looks.QUANTILES,
        links=links,
        scale=limits.DURATION_P99,
        when_empty="no traffic",
    )


def distribution(selection: Selection) -> Heatmap:
    """All durations, not only three of them."""
    return Heatmap(
        title="Distribution of durations",
        description="Requests a second in each bucket. "
        "Two bands are two kinds of request: a cache that misses, a retry, a slow dependency.",
        unit=Unit.REQUESTS_PER_SECOND,
        queries=(Buckets(expr=selection.buckets(queries.SERVER)),),
        when_empty="no traffic",
    )


def columns(selection: Selection, *, by: Sequence[str]) -> tuple[Column, ...]:
    """The three as a table's columns, a row for each set of the labels *by*."""
    return (
        Column(
            title="Requests",
            expr=selection.requests(by=by),
            unit=Unit.REQUESTS_PER_SECOND,
            decimals=2,
        ),
        Column(
            title="Errors",
            expr=selection.error_ratio(by=by),
            unit=Unit.RATIO,
            decimals=2,
            scale=limits.ERROR_RATIO,
        ),
        *quantiles(selection, queries.SERVER, by=by),
    )


def quantiles(selection: Selection, histogram: str, *, by: Sequence[str]) -> tuple[Column, ...]:
    """Median and tail of *histogram* as a table's columns."""
    return (
        Column(
            title="p50",
            expr=selection.quantile(0.5, histogram, by=by),
            unit=Unit.SECONDS,
            decimals=1,
        ),
        Column(
            title="p99",
            expr=selection.quantile(0.99, histogram, by=by),
            unit=Unit.SECONDS,
            decimals=1,
            scale=limits.DURATION_P99,
        ),
    )
