"""Rates, errors and durations of calls sent over HTTP and gRPC, by service and dependency."""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.config import RATE_WINDOW, REQUEST_INTERVAL
from sightline.mixin.identity import by
from sightline.mixin.model import Group, Record
from sightline.mixin.queries import (
    CLIENT,
    CLIENT_ERROR,
    CLIENT_SUCCESS,
    DEPENDENCY,
    RPC_CLIENT,
    or_zero,
    over_clients,
    share,
)
from sightline.mixin.rules.services import quantiles

_LEVEL: Final = "job_server_address_server_port_rpc_system_name"

CALLS: Final = f"{_LEVEL}:client_calls:rate"
CALL_COUNT: Final = f"{_LEVEL}:client_calls:increase"
FAILED_COUNT: Final = f"{_LEVEL}:client_calls_errors:increase"
FAILED_CALLS: Final = f"{_LEVEL}:client_calls_errors:rate"
FAILURE_RATIO: Final = f"{_LEVEL}:client_calls_errors:ratio"
DURATION: Final = f"{_LEVEL}:client_calls_duration_seconds:quantile"
_CALLERS: Final = "job_instance:client_calls:group"
_COMPARABLE: Final = "job_instance:client_calls:comparable"
_BUCKETS: Final = f"{_LEVEL}_le:client_calls_duration_seconds_bucket:rate"

_COUNTS: Final = (f"{CLIENT}_count", f"{RPC_CLIENT}_count")


def _all_counted() -> str:
    """Return the successful calls and the recorded failures: each counter is read once."""
    succeeded = (
        f"increase({queries.selector(count, CLIENT_SUCCESS)}[{RATE_WINDOW}])" for count in _COUNTS
    )
    parts = "\n  or\n  ".join((*succeeded, FAILED_COUNT))
    return f"sum by ({', '.join(DEPENDENCY)}) (\n  {parts}\n)"


DEPENDENCIES: Final = Group(
    name="dependencies.recording",
    interval=REQUEST_INTERVAL,
    rules=(
        Record(name=CALLS, expr=queries.calls()),
        Record(
            name=_CALLERS,
            expr="\nor\n".join(f"group {by('instance')} ({count})" for count in _COUNTS),
        ),
        Record(name=_COMPARABLE, expr=queries.comparable_instances(_CALLERS)),
        Record(
            name=FAILED_COUNT,
            expr=queries.events(
                *(queries.selector(count, CLIENT_ERROR) for count in _COUNTS),
                by=DEPENDENCY,
                comparable=_COMPARABLE,
            ),
        ),
        Record(name=CALL_COUNT, expr=_all_counted()),
        Record(name=FAILURE_RATIO, expr=share(or_zero(FAILED_COUNT, CALL_COUNT), CALL_COUNT)),
        Record(name=FAILED_CALLS, expr=or_zero(f"{FAILURE_RATIO} * {CALLS}", CALLS)),
        Record(
            name=_BUCKETS,
            expr=over_clients(
                lambda client: queries.rate(f"{client}_bucket", by=(*DEPENDENCY, "le"))
            ),
        ),
        *quantiles(DURATION, _BUCKETS),
    ),
)
