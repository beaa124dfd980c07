"""Row of panels that compare a service with the same time of earlier weeks."""

from typing import Final

from sightline.mixin.dashboards.selection import JOBS, drop_nan
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.fields import Override, fixed_color
from sightline.mixin.grafana.schema import Color, Unit
from sightline.mixin.grafana.targets import Query
from sightline.mixin.grafana.time_panels import TimeSeries
from sightline.mixin.rules import services

WEEKS: Final = (1, 2, 3)
"""Ages of the compared weeks. The retention of Prometheus must be longer."""

_LOW: Final = "lowest of three weeks"
_HIGH: Final = "highest of three weeks"


def _edge(name: str, pattern: dict[str, object]) -> Override:
    line = {"custom.lineWidth": 1, "custom.fillOpacity": 0}
    color = {"mode": "fixed", "fixedColor": Color.NEUTRAL}
    return Override(matcher="byName", pattern=name, properties={"color": color} | line | pattern)


_BAND: Final = (
    fixed_color("now", Color.P95),
    _edge(_LOW, {}),
    _edge(_HIGH, {"custom.fillBelowTo": _LOW, "custom.fillOpacity": 15}),
)
"""Overrides that fill the space between the two edges."""


def _of_weeks(aggregation: str, template: str) -> str:
    """Return *aggregation* of *template* over the weeks; ``%s`` in it becomes the offset."""
    weeks = "\n  or ".join(
        f'label_replace({template % f"offset {week}w"}, "week", "{week}", "", "")' for week in WEEKS
    )
    return f"{aggregation} (\n  {weeks}\n)"


def _band(title: str, description: str, template: str, unit: Unit) -> TimeSeries:
    """Return the panel of *template* now, between its lowest and highest value of the weeks."""
    return TimeSeries(
        title=title,
        description=f"{description} The band reaches from the lowest to the highest value at the "
        "same time of the three weeks before.",
        unit=unit,
        queries=(
            Query(expr=template % "", legend="now"),
            Query(expr=_of_weeks("min", template), legend=_LOW),
            Query(expr=_of_weeks("max", template), legend=_HIGH),
        ),
        overrides=_BAND,
        no_value="no traffic",
    )


_REQUESTS: Final = JOBS.select(services.REQUESTS)
_ERRORS: Final = JOBS.select(services.ERROR_RATIO)
_P99: Final = JOBS.narrow('quantile="0.99"').select(services.DURATION)

WEEK_OVER_WEEK: Final = Row(
    title="Compared with the weeks before",
    collapsed=True,
    lines=(
        (
            _band(
                "Requests by week",
                "Completed requests per second. A curve below the band is lost traffic, even if no "
                "error ratio rises.",
                f"sum({_REQUESTS} %s)",
                Unit.REQUESTS_PER_SECOND,
            ),
            _band(
                "Errors by week",
                "Share of requests with a 5xx response. A curve above the band is new; within it, "
                "the fault is an old one.",
                f"max({_ERRORS} %s)",
                Unit.RATIO,
            ),
            _band(
                "p99 by week",
                "Duration that 1 % of requests exceed. A curve above the band is a regression; "
                "check what was deployed when it left the band.",
                f"max({drop_nan(f'{_P99} %s')})",
                Unit.SECONDS,
            ),
        ),
    ),
)
"""Collapsed, because the queries read data of four weeks."""
