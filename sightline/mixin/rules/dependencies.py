"""Rates, errors and durations of requests sent, by service and dependency."""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.model import Group, Record
from sightline.mixin.queries import CLIENT, PEER, or_zero, share
from sightline.mixin.rules.services import QUANTILES

_LEVEL: Final = "job_server_address_server_port"

CALLS: Final = f"{_LEVEL}:http_client_requests:rate"
CALL_COUNT: Final = f"{_LEVEL}:http_client_requests:increase"
FAILED_CALLS: Final = f"{_LEVEL}:http_client_errors:rate"
FAILURE_RATIO: Final = f"{_LEVEL}:http_client_errors:ratio"
DURATION: Final = f"{_LEVEL}:http_client_request_duration_seconds:quantile"
_BUCKETS: Final = f"{_LEVEL}_le:http_client_request_duration_seconds_bucket:rate"

DEPENDENCIES: Final = Group(
    name="dependencies.recording",
    rules=(
        Record(name=CALLS, expr=queries.calls()),
        Record(name=CALL_COUNT, expr=queries.increase(f"{CLIENT}_count", by=PEER)),
        Record(name=FAILED_CALLS, expr=or_zero(queries.failed_calls(), CALLS)),
        Record(name=FAILURE_RATIO, expr=share(FAILED_CALLS, CALLS)),
        Record(name=_BUCKETS, expr=queries.rate(f"{CLIENT}_bucket", by=(*PEER, "le"))),
        *(
            Record(
                name=DURATION,
                expr=f"histogram_quantile({quantile}, {_BUCKETS})",
                labels={"quantile": quantile},
            )
            for quantile in QUANTILES
        ),
    ),
)
