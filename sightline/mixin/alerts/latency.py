"""Alerts on services and routes that are slow."""

from typing import Final

from sightline.mixin.identity import SERVICE, on
from sightline.mixin.model import Alert, Threshold
from sightline.mixin.rules import services, significance
from sightline.mixin.text import first_value, list_of

_SLOWEST_ROUTES: Final = list_of(
    f'topk(3, {services.ROUTE_DURATION}{{{SERVICE}, quantile="0.99"}} > 0)',
    "job",
    item='{{ or .Labels.http_route "no route" }} ({{ .Value | humanizeDuration }})',
    default="none at this moment",
)


def active(alert: Alert) -> str:
    """Return the series of *alert* while it is pending or fires, with any threshold."""
    return f'ALERTS{{alertname="{alert.name}"}}'


LATENCY: Final = Alert(
    name="HttpServerLatencyHigh",
    signal=significance.P99,
    threshold=Threshold(operator=">", value=1.0),
    hold="10m",
    keep="5m",
    why="Backstop, because an objective may cover some requests only. p99 is over the shortest of "
    "5 minutes, 1 hour and 6 hours that has 100 requests, because p99 of fewer is the slowest one. "
    "Routes of streams, whose median is above 10 s for a day, are not counted. Ten minutes, "
    "because slow is not down.",
    severity="warning",
    summary="The slowest 1 % of requests to {{ $labels.job }} take {{ $value | humanizeDuration }} "
    "or longer.",
    description="Users wait. Open a slow trace of the slowest route first; its longest span "
    f"without children is the cause. Slowest routes by p99: {_SLOWEST_ROUTES}.",
    dashboard="service",
)

_ON_ROUTE: Final = on("http_route")
_ROUTE_P99: Final = significance.ROUTE_P99

ROUTE_LATENCY: Final = Alert(
    name="HttpServerRouteLatencyHigh",
    signal=_ROUTE_P99,
    threshold=Threshold(operator=">", value=1.0),
    default_gate=f"unless (\n  {_ROUTE_P99} <= 2 * ({_ROUTE_P99} offset 1d)\n"
    f"  unless {_ROUTE_P99} > 2 * ({_ROUTE_P99} offset 7d)\n)",
    gate=f"unless {_ON_ROUTE} {services.STREAMS}\nunless {on()} {active(LATENCY)}",
    hold="10m",
    keep="5m",
    why="A route with few of the requests of a service hides in its p99. A report that takes long "
    "by design has taken long a day before, and a week before if it existed; a threshold of its "
    "own counts without this comparison. At least 100 requests in 5 minutes or 1 hour. Streams are "
    "not counted.",
    severity="warning",
    summary="The slowest 1 % of requests to {{ $labels.http_route }} of {{ $labels.job }} take "
    "{{ $value | humanizeDuration }} or longer.",
    description="Users of this route wait, while the service as a whole is quick enough. Open a "
    "slow trace of the route; its longest span without children is the cause. p99 of the route a "
    "day ago: "
    + first_value(
        f'{_ROUTE_P99}{{{SERVICE}, http_route="%s"}} offset 1d',
        "job",
        "http_route",
        template="humanizeDuration",
    )
    + ".",
    dashboard="service",
    parts=("http_route",),
)
