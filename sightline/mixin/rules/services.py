"""Services that exist, and the rates, errors and durations of the requests they serve.

Raw series are aggregated by route, and services are sums of their routes.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from instrumentation import conventions
from sightline.mixin import clock, queries
from sightline.mixin.config import (
    DURATION_INTERVAL,
    MIN_FAILURES,
    MIN_REQUESTS,
    RATE_WINDOW,
    REQUEST_INTERVAL,
    Profile,
)
from sightline.mixin.identity import by, on
from sightline.mixin.model import Group, Record
from sightline.mixin.queries import INSTANCE, ROUTE, SERVER, or_zero, share

QUANTILES: Final = ("0.5", "0.95", "0.99")

REQUESTS: Final = "job:http_server_requests:rate"
REQUEST_COUNT: Final = "job:http_server_requests:increase"
ERRORS: Final = "job:http_server_errors:rate"
ERROR_RATIO: Final = "job:http_server_errors:ratio"
SIGNIFICANT_RATIO: Final = "job:http_server_errors:significant_ratio"
DURATION: Final = f"job:{SERVER}:quantile"
BUCKETS: Final = f"job_le:{SERVER}_bucket:rate"

_STATUS_REQUESTS: Final = "job_http_route_http_response_status_code:http_server_requests:rate"
ROUTE_REQUESTS: Final = "job_http_route:http_server_requests:rate"
ROUTE_ERRORS: Final = "job_http_route:http_server_errors:rate"
ROUTE_ERROR_RATIO: Final = "job_http_route:http_server_errors:ratio"
ROUTE_SIGNIFICANT_RATIO: Final = "job_http_route:http_server_errors:significant_ratio"
ROUTE_DURATION: Final = f"job_http_route:{SERVER}:quantile"
ROUTE_BUCKETS: Final = f"job_http_route_le:{SERVER}_bucket:rate"
STREAMS: Final = "job_http_route:http_server_streams:group"

INSTANCE_REQUESTS: Final = "job_instance:http_server_requests:rate"
INSTANCE_ERRORS: Final = "job_instance:http_server_errors:rate"
INSTANCE_TOTAL: Final = "job_instance:http_server_requests:sum"
INSTANCE_SIGNIFICANT_RATIO: Final = "job_instance:http_server_errors:significant_ratio"
_COMPARABLE: Final = "job_instance:http_server_requests:comparable"

VERSION_REQUESTS: Final = "job_service_version:http_server_requests:rate"
VERSION_ERRORS: Final = "job_service_version:http_server_errors:rate"
VERSION_SIGNIFICANT_RATIO: Final = "job_service_version:http_server_errors:significant_ratio"

PRESENT: Final = "job:service_present:group"
KNOWN: Final = "job:service_known:group"
LAST_REQUESTS: Final = "job:http_server_requests:last"
USUAL_REQUESTS: Final = "job:http_server_requests:usual"

Ratio = tuple[str, str, str, tuple[str, ...]]

STATUS: Final = "http_response_status_code"

DROPPED: Final = 0.1
"""Ratio of the usual traffic below which traffic has dropped."""


def groups(profile: Profile) -> tuple[Group, ...]:
    """Return the recording rules of services in *profile*."""
    window = clock.seconds(profile.window(RATE_WINDOW))
    step = clock.seconds(profile.duration(RATE_WINDOW))
    rules = {
        "services": chain(_requests(window), _ratios(step, _WHOLE)),
        "instances": chain(_parts(window), _ratios(step, _PARTS)),
        "presence": _existence(),
    }
    return (
        *(
            Group(name=f"{name}.recording", rules=tuple(records), interval=REQUEST_INTERVAL)
            for name, records in rules.items()
        ),
        Group(
            name="durations.recording",
            rules=tuple(_durations()),
            interval=DURATION_INTERVAL,
        ),
    )


def _requests(seconds: int) -> Iterator[Record]:
    """Yield the rates of routes and services, in which the first events of a series count."""
    count = f"{SERVER}_count"
    yield Record(name=_COMPARABLE, expr=queries.comparable_instances(INSTANCE_TOTAL))
    requests = queries.events(count, by=(*ROUTE, STATUS), comparable=_COMPARABLE)
    yield Record(name=_STATUS_REQUESTS, expr=f"{requests}\n/ {seconds}")
    errors = queries.selector(_STATUS_REQUESTS, queries.SERVER_ERROR)
    route = by("http_route")
    yield Record(name=ROUTE_REQUESTS, expr=f"sum {route} ({_STATUS_REQUESTS})")
    yield Record(name=ROUTE_ERRORS, expr=or_zero(f"sum {route} ({errors})", ROUTE_REQUESTS))
    yield Record(name=ROUTE_ERROR_RATIO, expr=share(ROUTE_ERRORS, ROUTE_REQUESTS))
    yield Record(name=REQUESTS, expr=f"sum {by()} ({ROUTE_REQUESTS})")
    yield Record(name=REQUEST_COUNT, expr=f"{REQUESTS} * {seconds}")
    yield Record(name=ERRORS, expr=f"sum {by()} ({ROUTE_ERRORS})")
    yield Record(name=ERROR_RATIO, expr=share(ERRORS, REQUESTS))


def _parts(seconds: int) -> Iterator[Record]:
    """Yield the rates of instances and versions, in which the first errors of a series count.

    Requests are the successful ones, without their first values, and the recorded errors: counters
    of every status code are read once.
    """
    count = f"{SERVER}_count"
    failed = queries.selector(count, queries.SERVER_ERROR)
    errors = f"{queries.events(failed, by=INSTANCE, comparable=_COMPARABLE)}\n/ {seconds}"
    served = f"rate({queries.selector(count, queries.NO_SERVER_ERROR)}[{RATE_WINDOW}])"
    yield Record(name=INSTANCE_TOTAL, expr=f"sum {by('instance')} ({count})")
    yield Record(name=INSTANCE_ERRORS, expr=f"{errors}\nor 0 * {INSTANCE_TOTAL}")
    yield Record(
        name=INSTANCE_REQUESTS, expr=f"sum {by('instance')} ({served} or {INSTANCE_ERRORS})"
    )
    yield Record(name=VERSION_REQUESTS, expr=_by_version(INSTANCE_REQUESTS))
    yield Record(name=VERSION_ERRORS, expr=_by_version(INSTANCE_ERRORS))


def _by_version(rate: str) -> str:
    """Return the *rate* of instances by version. An address with two versions counts in both."""
    versions = f"group {by('instance', 'service_version')} ({queries.PYTHON})"
    return (
        f"sum {by('service_version')} (\n  {versions}\n"
        f"  * {on('instance')} group_left ()\n  {rate}\n)"
    )


_WHOLE: Final = (
    (SIGNIFICANT_RATIO, ERRORS, REQUESTS, ("1h", "6h")),
    (ROUTE_SIGNIFICANT_RATIO, ROUTE_ERRORS, ROUTE_REQUESTS, ("1h",)),
)
_PARTS: Final = (
    (INSTANCE_SIGNIFICANT_RATIO, INSTANCE_ERRORS, INSTANCE_REQUESTS, ("1h",)),
    (VERSION_SIGNIFICANT_RATIO, VERSION_ERRORS, VERSION_REQUESTS, ("1h",)),
)
"""Recorded ratios, each with its errors, its requests and its longer windows."""


def _ratios(seconds: int, recorded: Sequence[Ratio]) -> Iterator[Record]:
    """Yield the ratios of errors over the shortest window with enough requests."""
    for name, errors, requests, windows in recorded:
        ratios = [f"({share(errors, requests)}\nand {requests} * {seconds} >= {MIN_REQUESTS})"]
        ratios += [
            ratio_over(window, errors, requests, per_event=f" * {seconds}") for window in windows
        ]
        yield Record(name=name, expr="\nor\n".join(ratios))


def ratio_over(
    window: str, errors: str, requests: str, *, per_event: str = "", also: str = ""
) -> str:
    """Return the ratio of *errors* over *window*, as long as they occur.

    Args:
        window: Range of the sums.
        errors: Recorded failures: rates, or numbers of events.
        requests: Recorded events in the same unit.
        per_event: PromQL that turns a sample of *errors* and *requests* into a number of events.
        also: Further condition, which begins with ``and``.
    """
    failed, served = (
        f"sum_over_time({events}[{window}:{RATE_WINDOW}])" for events in (errors, requests)
    )
    conditions = (
        share(failed, served),
        f"and {served}{per_event} >= {MIN_REQUESTS}",
        f"and {failed}{per_event} >= {MIN_FAILURES}",
        also,
        f"and max_over_time({errors}[30m:{RATE_WINDOW}]) > 0",
    )
    lines = "\n".join(filter(None, conditions))
    return f"({lines})"


def _existence() -> Iterator[Record]:
    """Yield the services that exist, that existed within a day, and their traffic."""
    internal = f"{conventions.SIGHTLINE_INTERNAL_ERRORS}_total"
    marked = f"{internal}\n  or {queries.PYTHON}\n  or ({REQUESTS} and {on()} up)"
    yield Record(name=PRESENT, expr=f"group {by()} (\n  {marked}\n)")
    yield Record(name=KNOWN, expr=f"group {by()} (last_over_time({PRESENT}[1d]))")
    yield Record(
        name=LAST_REQUESTS,
        expr=f"({REQUESTS} and {on()} {PRESENT})\nor\n"
        f"(last_over_time({LAST_REQUESTS}[1h]) and {on()} {KNOWN})",
    )
    yield Record(name=USUAL_REQUESTS, expr=_usual())


def _usual() -> str:
    """Return the lowest traffic of the last hours, kept for a day after traffic dropped.

    The lowest, because a service that was idle an hour ago may be idle now. A service without an
    hour of samples has no usual traffic.
    """
    last = f"last_over_time({USUAL_REQUESTS}[1h])"
    hours = f"({REQUESTS}[6h:{RATE_WINDOW}] offset 10m)"
    return (
        f"({last}\n  unless {REQUESTS} >= {DROPPED} * {last}\n"
        f"  and max_over_time({REQUESTS}[1d:{RATE_WINDOW}]) > {DROPPED} * {last})\nor\n"
        f"(min_over_time{hours} and count_over_time{hours} >= 12)"
    )


def _durations() -> Iterator[Record]:
    """Yield the quantiles of routes and of services, the latter without streams.

    Failures are judged by the error ratio. A fast failure would hide slow answers, and half of the
    series of a healthy service are those of failures that never occurred.
    """
    buckets = queries.rate(f"{SERVER}_bucket", by=(*ROUTE, "le"), where=queries.NO_SERVER_ERROR)
    yield Record(name=ROUTE_BUCKETS, expr=buckets)
    yield from quantiles(ROUTE_DURATION, ROUTE_BUCKETS)
    median = f'{ROUTE_DURATION}{{quantile="0.5"}}'
    slow = f"min_over_time({median}[1d:10m]) >= {queries.STREAM_SECONDS:g}"
    yield Record(name=STREAMS, expr=f"group {by('http_route')} ({slow})")
    yield Record(
        name=BUCKETS,
        expr=f"sum {by('le')} ({ROUTE_BUCKETS} unless {on('http_route')} {STREAMS})",
    )
    yield from quantiles(DURATION, BUCKETS)


def quantiles(name: str, buckets: str) -> Iterator[Record]:
    """Yield the records *name* of `QUANTILES`, computed from the recorded *buckets*."""
    for quantile in QUANTILES:
        expr = f"histogram_quantile({quantile}, {buckets})"
        yield Record(name=name, expr=expr, labels={"quantile": quantile})
