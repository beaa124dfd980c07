"""PromQL of panels, limited to the selected services and instances."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, Self

from instrumentation import conventions
from sightline.mixin import queries
from sightline.mixin.grafana.targets import Query
from sightline.mixin.identity import IDENTITY

RATE_INTERVAL: Final = "$__rate_interval"
"""Range of rates: at least four scrapes and at least one step of the panel, so that the curve has
no gaps and every sample is in it."""

MOST: Final = 10
"""Maximum number of curves of a panel that would otherwise have one per service or process."""

TOP: Final = f"top {MOST}"
"""End of the title of such a panel."""

TOP_SERVICES: Final = "$services_shown of $services"
"""End of the title of a panel with the top services. `variables.COUNTED_SERVICES` defines both."""

TOP_ROUTES: Final = "$routes_shown of $routes"
"""The same for routes. `variables.COUNTED_ROUTES` defines both."""

TOP_PROCESSES: Final = "$processes_shown of $processes"
"""The same for processes. `variables.COUNTED_PROCESSES` defines both."""

QUANTILES: Final = (0.5, 0.95, 0.99)

INSTANCE: Final = queries.INSTANCE
"""Labels of a process."""

SELECTED_PLACES: Final = 'cluster=~"$cluster|", namespace=~"$namespace|"'
"""Matchers of the selected clusters and namespaces. A series without these labels matches every
selection, so that the dashboards work in a Prometheus that has none."""

SELECTED_SERVICES: Final = f'{SELECTED_PLACES}, job=~"$job"'
"""Matchers of the selected services."""


class RateQuery(Protocol):
    """Function of `sightline.mixin.queries` that returns PromQL for a rate."""

    def __call__(self, *, by: Sequence[str], where: str, window: str) -> str:
        """Return the rate by the labels *by* of series that match *where*, over *window*."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Series that label matchers select. Every method returns PromQL."""

    where: str
    """Matchers without braces."""

    def narrow(self, where: str) -> Self:
        """Return a selection with the additional matchers *where*."""
        return replace(self, where=queries.join_matchers(self.where, where))

    def select(self, name: str) -> str:
        """Return the selector of the metric *name*."""
        return queries.selector(name, self.where)

    def sum(self, gauge: str, *, by: Sequence[str] = IDENTITY) -> str:
        """Return the sum of *gauge*."""
        return f"sum by ({', '.join(by)}) ({self.select(gauge)})"

    def max(self, gauge: str, *, by: Sequence[str] = IDENTITY) -> str:
        """Return the maximum of *gauge*."""
        return f"max by ({', '.join(by)}) ({self.select(gauge)})"

    def min(self, gauge: str, *, by: Sequence[str] = IDENTITY) -> str:
        """Return the minimum of *gauge*."""
        return f"min by ({', '.join(by)}) ({self.select(gauge)})"

    def rate(self, counter: str, *, by: Sequence[str] = IDENTITY, where: str = "") -> str:
        """Return the rate of *counter* per second."""
        matchers = queries.join_matchers(self.where, where)
        return queries.rate(counter, by=by, where=matchers, window=RATE_INTERVAL)

    def query(self, query: RateQuery, *, by: Sequence[str] = IDENTITY) -> str:
        """Return *query* for the selected series."""
        return query(by=by, where=self.where, window=RATE_INTERVAL)

    def quantile(self, q: float, histogram: str, *, by: Sequence[str] = IDENTITY) -> str:
        """Return the *q*-quantile of *histogram*."""
        return drop_nan(
            queries.quantile(q, histogram, by=by, where=self.where, window=RATE_INTERVAL)
        )

    def quantile_queries(self, histogram: str) -> tuple[Query, ...]:
        """Return a query per quantile over all selected series. The highest has exemplars."""
        return tuple(
            Query(
                expr=self.quantile(q, histogram, by=()),
                legend=f"p{q * 100:.0f}",
                exemplars=q == max(QUANTILES),
            )
            for q in QUANTILES
        )

    def buckets(self, histogram: str) -> str:
        """Return the rate of each bucket of *histogram*."""
        return self.rate(f"{histogram}_bucket", by=("le",))

    def requests(self, *, by: Sequence[str] = IDENTITY) -> str:
        """Return the rate of served requests."""
        return self.query(queries.requests, by=by)

    def requests_within(self, seconds: float) -> str:
        """Return the rate of requests that took at most *seconds*, which must be a bucket bound."""
        return self.rate(f"{queries.SERVER}_bucket", by=(), where=f'le="{seconds}"')

    def error_ratio(self, *, by: Sequence[str] = IDENTITY) -> str:
        """Return the ratio of served requests with a 5xx response, 0 without errors."""
        requests = self.requests(by=by)
        errors = self.query(queries.errors, by=by)
        return queries.share(queries.or_zero(errors, requests), requests)


PLACES: Final = Selection(where=SELECTED_PLACES)
"""All services of the selected clusters and namespaces."""

JOBS: Final = Selection(where=SELECTED_SERVICES)
"""Selected services."""

PROCESSES: Final = JOBS.narrow('instance=~"$instance"')
"""Selected instances of the selected services."""

ROUTE: Final = PROCESSES.narrow('http_route=~"$route"')
"""Selected route."""


def build_info(selection: Selection) -> str:
    """Return the selector of processes with our instrumentation and their versions.

    Other programs export an ``app_build_info``, too, but not the label ``python_version``.
    """
    return selection.narrow('python_version!=""').select(f"{conventions.APP_BUILD}_info")


def labels(by: Sequence[str]) -> str:
    """Return the list of labels for ``by`` or ``on``."""
    return ", ".join(by)


def running(series: str, services: Selection = JOBS) -> str:
    """Return *series* without those of *services* that have no running instance.

    Nothing measures such a service, and the values of its last minute are no longer true.
    """
    down = f"{services.max('up')} == 0"
    return f"({series}\nunless on ({labels(IDENTITY)}) ({down}))"


def keep_services(series: str) -> str:
    """Return *series* of processes with our instrumentation, because All selects every job."""
    return f"{series}\nand on ({labels(INSTANCE)}) {build_info(PROCESSES)}"


def keep_top(series: str, rank: str, *, by: Sequence[str] = IDENTITY, most: int = MOST) -> str:
    """Return the *most* series of *series* with the largest *rank*.

    Args:
        series: Series to draw.
        rank: Value by which they compete. It must be the same at every step: use ``@ end()``.
        by: Labels that identify a series.
        most: Maximum number of series.
    """
    return f"{series}\nand on ({labels(by)})\ntopk({most}, {rank})"


def peak(series: str, *, by: Sequence[str] = IDENTITY) -> str:
    """Return the largest value of the selector *series* in the time range, at every step."""
    return f"sum by ({labels(by)}) (max_over_time({series}[$__range] @ end()))"


def mean_rate(counter: str, *, by: Sequence[str] = IDENTITY) -> str:
    """Return the rate of the selector *counter* over the time range, at every step."""
    return f"sum by ({labels(by)}) (rate({counter}[$__range] @ end()))"


def drop_nan(quantile: str) -> str:
    """Return *quantile* without the NaN of an empty histogram, because NaN is never at least 0."""
    return f"{quantile} >= 0"


def default_to_zero(number: str) -> str:
    """Return *number*, or 0 if it has no series."""
    return f"{number} or vector(0)"
