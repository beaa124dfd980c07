"""Rates, errors and durations of requests sent, by service and dependency."""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.config import REQUEST_INTERVAL
from sightline.mixin.identity import by
from sightline.mixin.model import Group, Record
from sightline.mixin.queries import (
    CLIENT,
    CLIENT_ERROR,
    CLIENT_SUCCESS,
    PEER,
    either,
    or_zero,
    share,
)
from sightline.mixin.rules.services import quantiles

_LEVEL: Final = "job_server_address_server_port"

CALLS: Final = f"{_LEVEL}:http_client_requests:rate"
CALL_COUNT: Final = f"{_LEVEL}:http_client_requests:increase"
FAILED_COUNT: Final = f"{_LEVEL}:http_client_errors:increase"
FAILED_CALLS: Final = f"{_LEVEL}:http_client_errors:rate"
FAILURE_RATIO: Final = f"{_LEVEL}:http_client_errors:ratio"
DURATION: Final = f"{_LEVEL}:{queries.CLIENT}:quantile"
_COUNT: Final = f"{CLIENT}_count"
_INSTANCE_TOTAL: Final = "job_instance:http_client_requests:sum"
_COMPARABLE: Final = "job_instance:http_client_requests:comparable"
_BUCKETS: Final = f"{_LEVEL}_le:{queries.CLIENT}_bucket:rate"

DEPENDENCIES: Final = Group(
    name="dependencies.recording",
    interval=REQUEST_INTERVAL,
    rules=(
        Record(name=CALLS, expr=queries.calls()),
        Record(name=_INSTANCE_TOTAL, expr=f"sum {by('instance')} ({_COUNT})"),
        Record(name=_COMPARABLE, expr=queries.comparable_instances(_INSTANCE_TOTAL)),
        Record(
            name=FAILED_COUNT,
            expr=queries.events(
                queries.selector(_COUNT, CLIENT_ERROR), by=PEER, comparable=_COMPARABLE
            ),
        ),
        Record(
            name=CALL_COUNT,
            expr=either(queries.increase(_COUNT, by=PEER, where=CLIENT_SUCCESS), FAILED_COUNT),
        ),
        Record(name=FAILURE_RATIO, expr=share(or_zero(FAILED_COUNT, CALL_COUNT), CALL_COUNT)),
        Record(name=FAILED_CALLS, expr=or_zero(f"{FAILURE_RATIO} * {CALLS}", CALLS)),
        Record(name=_BUCKETS, expr=queries.rate(f"{CLIENT}_bucket", by=(*PEER, "le"))),
        *quantiles(DURATION, _BUCKETS),
    ),
)
