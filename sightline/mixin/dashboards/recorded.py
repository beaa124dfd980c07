"""Selections that read recorded series, which cost a fraction of the raw histograms.

Recorded series have no label ``instance`` and no exemplars.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sightline.mixin import queries
from sightline.mixin.dashboards.selection import JOBS, RATE_INTERVAL, Selection, drop_nan, running
from sightline.mixin.grafana.targets import Query
from sightline.mixin.identity import IDENTITY
from sightline.mixin.rules import services
from sightline.mixin.rules.services import BUCKETS as SERVICE_BUCKETS
from sightline.mixin.rules.services import ROUTE_BUCKETS


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded(Selection):
    """Selection of served requests that recording rules have summed over instances."""

    request_rate: str
    error_rate: str
    bucket_rate: str
    """Names of recorded series."""

    def sum(self, gauge: str, *, by: Sequence[str] = IDENTITY) -> str:
        """Return the sum of *gauge* over the services that run."""
        return f"sum by ({', '.join(by)}) {running(self.select(gauge))}"

    def requests(self, *, by: Sequence[str] = IDENTITY) -> str:
        """Return the rate of served requests."""
        return self.sum(self.request_rate, by=by)

    def requests_within(self, seconds: float) -> str:
        """Return the rate of requests that took at most *seconds*, which must be a bucket bound."""
        return self.narrow(f'le="{seconds}"').sum(self.bucket_rate, by=())

    def error_ratio(self, *, by: Sequence[str] = IDENTITY) -> str:
        """Return the ratio of served requests with a 5xx response, 0 without errors."""
        return queries.share(self.sum(self.error_rate, by=by), self.requests(by=by))

    def quantile(self, q: float, histogram: str, *, by: Sequence[str] = IDENTITY) -> str:
        """Return the *q*-quantile of the durations of requests, the only recorded *histogram*."""
        _require_recorded(histogram)
        return drop_nan(f"histogram_quantile({q:g}, {self.sum(self.bucket_rate, by=(*by, 'le'))})")

    def quantile_queries(self, histogram: str) -> tuple[Query, ...]:
        """Return a query per quantile over all selected series. The highest has exemplars."""
        *lower, highest = Selection.quantile_queries(self, histogram)
        return (*lower, replace(highest, expr=self._with_exemplars(highest.expr)))

    def buckets(self, histogram: str) -> str:
        """Return the rate of each bucket of *histogram*, with its exemplars."""
        _require_recorded(histogram)
        return self._with_exemplars(self.sum(self.bucket_rate, by=("le",)))

    def _with_exemplars(self, recorded: str) -> str:
        """Return *recorded*, for which Prometheus returns the exemplars of the raw histogram.

        Prometheus finds exemplars by the selectors of a query, whatever their offset. A week in
        the future there is no sample to read and none to add to the result.
        """
        raw = self.select(f"{queries.SERVER}_bucket")
        return f"{recorded}\nor\nsum(rate({raw}[{RATE_INTERVAL}] offset -1w))"


def _require_recorded(histogram: str) -> None:
    if histogram != queries.SERVER:
        raise ValueError(f"{histogram}: expected {queries.SERVER}, which rules record")


SERVICES: Final = Recorded(
    where=JOBS.where,
    request_rate=services.REQUESTS,
    error_rate=services.ERRORS,
    bucket_rate=SERVICE_BUCKETS,
)
"""Requests of the selected services."""

ROUTES: Final = Recorded(
    where=JOBS.narrow('http_route!=""').where,
    request_rate=services.ROUTE_REQUESTS,
    error_rate=services.ROUTE_ERRORS,
    bucket_rate=ROUTE_BUCKETS,
)
"""Requests of the selected services that matched a route."""
