"""Rates, errors and durations of requests served, by service and by route."""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.model import Group, Record
from sightline.mixin.queries import ROUTE, SERVER, or_zero, share

QUANTILES: Final = ("0.5", "0.95", "0.99")

REQUESTS: Final = "job:http_server_requests:rate"
REQUEST_COUNT: Final = "job:http_server_requests:increase"
ERRORS: Final = "job:http_server_errors:rate"
ERROR_RATIO: Final = "job:http_server_errors:ratio"
DURATION: Final = "job:http_server_request_duration_seconds:quantile"
_BUCKETS: Final = "job_le:http_server_request_duration_seconds_bucket:rate"

ROUTE_REQUESTS: Final = "job_http_route:http_server_requests:rate"
ROUTE_ERRORS: Final = "job_http_route:http_server_errors:rate"
ROUTE_ERROR_RATIO: Final = "job_http_route:http_server_errors:ratio"
ROUTE_DURATION: Final = "job_http_route:http_server_request_duration_seconds:quantile"
_ROUTE_BUCKETS: Final = "job_http_route_le:http_server_request_duration_seconds_bucket:rate"

SERVICES: Final = Group(
    name="services.recording",
    rules=(
        Record(name=REQUESTS, expr=queries.requests()),
        Record(name=REQUEST_COUNT, expr=queries.increase(f"{SERVER}_count")),
        Record(name=ERRORS, expr=or_zero(queries.errors(), REQUESTS)),
        Record(name=ERROR_RATIO, expr=share(ERRORS, REQUESTS)),
        Record(name=_BUCKETS, expr=queries.rate(f"{SERVER}_bucket", by=("job", "le"))),
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

ROUTES: Final = Group(
    name="routes.recording",
    rules=(
        Record(name=ROUTE_REQUESTS, expr=queries.requests(by=ROUTE)),
        Record(name=ROUTE_ERRORS, expr=or_zero(queries.errors(by=ROUTE), ROUTE_REQUESTS)),
        Record(name=ROUTE_ERROR_RATIO, expr=share(ROUTE_ERRORS, ROUTE_REQUESTS)),
        Record(name=_ROUTE_BUCKETS, expr=queries.rate(f"{SERVER}_bucket", by=(*ROUTE, "le"))),
        *(
            Record(
                name=ROUTE_DURATION,
                expr=f"histogram_quantile({quantile}, {_ROUTE_BUCKETS})",
                labels={"quantile": quantile},
            )
            for quantile in QUANTILES
        ),
    ),
)
