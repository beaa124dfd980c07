"""Ratios and 99th percentiles over the shortest window with enough events for one."""

from collections.abc import Sequence
from typing import Final

from sightline.mixin import clock, queries
from sightline.mixin.config import (
    DURATION_INTERVAL,
    MIN_REQUESTS,
    MIN_REQUESTS_FOR_P99,
    RATE_WINDOW,
    Profile,
)
from sightline.mixin.identity import on
from sightline.mixin.model import Group, Record
from sightline.mixin.rules import dependencies, services
from sightline.mixin.rules.operations import DATABASE, MESSAGES, RPC, Operation

P99: Final = f"job:{queries.SERVER}:significant_p99"
ROUTE_P99: Final = f"job_http_route:{queries.SERVER}:significant_p99"

FAILURE_RATIO: Final = dependencies.FAILURE_RATIO.replace(":ratio", ":significant_ratio")


def error_ratio(operation: Operation) -> str:
    """Return the recorded name of the ratio of failed operations."""
    return operation.error_ratio.replace(":ratio", ":significant_ratio")


def group(profile: Profile) -> Group:
    """Return the recording rules in *profile*."""
    seconds = clock.seconds(profile.duration(RATE_WINDOW))
    of_services = _over_windows(
        services.DURATION, services.BUCKETS, f"{services.REQUESTS} * {seconds}", ("1h", "6h")
    )
    of_routes = _over_windows(
        services.ROUTE_DURATION,
        services.ROUTE_BUCKETS,
        f"{services.ROUTE_REQUESTS} * {seconds}",
        ("1h",),
        label="http_route",
    )
    return Group(
        name="significance.recording",
        rules=(
            Record(name=P99, expr=of_services, labels={"quantile": "0.99"}),
            Record(name=ROUTE_P99, expr=of_routes, labels={"quantile": "0.99"}),
            Record(
                name=FAILURE_RATIO,
                expr=_failures(
                    dependencies.FAILURE_RATIO, dependencies.FAILED_COUNT, dependencies.CALL_COUNT
                ),
            ),
            *(
                Record(
                    name=error_ratio(operation),
                    expr=_failures(operation.error_ratio, operation.error_count, operation.count),
                )
                for operation in (RPC, DATABASE, MESSAGES)
            ),
        ),
        interval=DURATION_INTERVAL,
    )


def _over_windows(
    quantiles: str, buckets: str, requests: str, windows: Sequence[str], *, label: str = ""
) -> str:
    same = on(label) if label else on()
    p99 = f'{quantiles}{{quantile="0.99"}}'
    shortest = f"({p99}\nand {same} {requests} >= {MIN_REQUESTS_FOR_P99})"
    longer = [_over(window, p99, buckets, requests, same) for window in windows]
    return f"\nor {same}\n".join((shortest, *longer))


def _over(window: str, p99: str, buckets: str, requests: str, same: str) -> str:
    """Return p99 over *window*, as long as the last half hour was not faster."""
    return (
        f"(histogram_quantile(0.99, avg_over_time({buckets}[{window}:{RATE_WINDOW}]))\n"
        f"  <= {same} max_over_time({p99}[30m:{RATE_WINDOW}])\n"
        f"and {same} sum_over_time(({requests})[{window}:{RATE_WINDOW}]) "
        f">= {MIN_REQUESTS_FOR_P99})"
    )


def _failures(ratio: str, failed: str, count: str) -> str:
    """Return the *ratio*, or that of the last hour while failures occur.

    They must occur in three windows: the counter of a process that was not scraped before is one
    event, even if it is days old.
    """
    often = f"and count_over_time(({failed} > 0)[1h:{RATE_WINDOW}]) >= 3"
    in_hour = services.ratio_over("1h", failed, count, also=often)
    return f"({ratio}\nand {count} >= {MIN_REQUESTS})\nor\n{in_hour}"
