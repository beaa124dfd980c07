"""The queries of rules, asked for what the reader has chosen and over the panel's step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sightline.mixin import queries
from sightline.mixin.grafana.targets import Query

STEP: Final = "$__rate_interval"
"""At least four scrapes and at least a step of the panel: no gap, nothing lost between points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Series that some matchers select. Every method gives PromQL."""

    where: str
    """Matchers without braces."""

    def also(self, where: str) -> "Selection":
        """The same, narrowed further."""
        return Selection(where=queries.both(self.where, where))

    def series(self, name: str) -> str:
        """The series *name* as they are."""
        return queries.selected(name, self.where)

    def sum(self, gauge: str, *, by: Sequence[str] = queries.JOB) -> str:
        """A *gauge* summed."""
        return f"sum by ({', '.join(by)}) ({self.series(gauge)})"

    def max(self, gauge: str, *, by: Sequence[str] = queries.JOB) -> str:
        """The highest of a *gauge*."""
        return f"max by ({', '.join(by)}) ({self.series(gauge)})"

    def min(self, gauge: str, *, by: Sequence[str] = queries.JOB) -> str:
        """The lowest of a *gauge*."""
        return f"min by ({', '.join(by)}) ({self.series(gauge)})"

    def rate(self, counter: str, *, by: Sequence[str] = queries.JOB, where: str = "") -> str:
        """Events of *counter* a second."""
        matchers = queries.both(self.where, where)
        return queries.rate(counter, by=by, where=matchers, window=STEP)

    def quantile(self, q: float, histogram: str, *, by: Sequence[str] = queries.JOB) -> str:
        """The *q*-quantile of *histogram*."""
        return some(queries.quantile(q, histogram, by=by, where=self.where, window=STEP))

    def quantiles(self, histogram: str) -> tuple[Query, ...]:
        """Three curves over all that is selected; exemplars on the slowest."""
        return tuple(
            Query(
                expr=self.quantile(q, histogram, by=()),
                legend=f"p{q * 100:.0f}",
                exemplars=q == max(QUANTILES),
            )
            for q in QUANTILES
        )

    def buckets(self, histogram: str) -> str:
        """Events a second in each bucket of *histogram*."""
        return self.rate(f"{histogram}_bucket", by=("le",))

    def requests(self, *, by: Sequence[str] = queries.JOB) -> str:
        """Requests served a second."""
        return queries.requests(by=by, where=self.where, window=STEP)

    def error_ratio(self, *, by: Sequence[str] = queries.JOB) -> str:
        """Share of the requests served that were answered 5xx: 0 without errors."""
        requests = self.requests(by=by)
        errors = queries.errors(by=by, where=self.where, window=STEP)
        return queries.share(queries.or_zero(errors, requests), requests)

    def calls(self, *, by: Sequence[str] = queries.PEER) -> str:
        """Requests sent to dependencies a second."""
        return queries.calls(by=by, where=self.where, window=STEP)

    def failed_call_ratio(self, *, by: Sequence[str] = queries.PEER) -> str:
        """Share of the requests sent that got no answer, or a 5xx: 0 without failures."""
        calls = self.calls(by=by)
        failed = queries.failed_calls(by=by, where=self.where, window=STEP)
        return queries.share(queries.or_zero(failed, calls), calls)


def of_services(series: str) -> str:
    """*series* of Python processes only: "All" jobs means every job there is."""
    return f"{series}\nand on (job, instance) {PROCESSES.series('app_build_info')}"


QUANTILES: Final = (0.5, 0.95, 0.99)

JOBS: Final = Selection(where='job=~"$job"')
"""The chosen services."""

PROCESSES: Final = Selection(where='job=~"$job", instance=~"$instance"')
"""The chosen instances of the chosen services."""


def some(quantile: str) -> str:
    """*quantile*, absent rather than NaN where nothing happened: NaN is never at least 0."""
    return f"{quantile} >= 0"


def or_nothing(number: str) -> str:
    """*number*, or 0 where there is no series at all."""
    return f"{number} or vector(0)"
