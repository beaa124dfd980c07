"""Row of panels about circuit breakers, retries and rate limits."""

from typing import Final

from instrumentation import conventions, service_metrics
from instrumentation.service_metrics import DEGRADED_RESPONSES
from sightline.mixin import queries
from sightline.mixin.dashboards import thresholds
from sightline.mixin.dashboards.selection import JOBS, PROCESSES, labels
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.fields import rising_scale, value_mappings
from sightline.mixin.grafana.schema import Color, Unit
from sightline.mixin.grafana.targets import Query
from sightline.mixin.grafana.time_panels import StateTimeline, TimeSeries
from sightline.mixin.identity import IDENTITY
from sightline.mixin.rules import dependencies as rules

BREAKER_STATE: Final = f"""
max by ({labels(IDENTITY)}, name) (
  2 * {PROCESSES.narrow('state="open"').select(service_metrics.CIRCUIT_BREAKER_STATE)}
  or {PROCESSES.narrow('state="half_open"').select(service_metrics.CIRCUIT_BREAKER_STATE)}
)
or on () label_replace(vector(0), "name", "no breaker", "", "")
"""

_POLICY: Final = (*IDENTITY, "policy")


def _share_of_decisions(counter: str, where: str = "") -> str:
    """Return the rate of *counter* as a ratio of all decisions of a rate limiter, by policy."""
    decisions = PROCESSES.rate(f"{service_metrics.RATE_LIMITER_REQUESTS}_total", by=_POLICY)
    return queries.share(PROCESSES.rate(f"{counter}_total", by=_POLICY, where=where), decisions)


PROTECTION: Final = Row(
    title="Circuit breakers, retries, rate limits",
    collapsed=True,
    lines=(
        (
            StateTimeline(
                title="Circuit breakers",
                height=7,
                description="State of each circuit breaker. Closed (green) lets calls through, "
                "half open (orange) tries a single call, open (red) rejects calls at once. If a "
                "breaker stays open, fix the dependency behind it.",
                unit=Unit.COUNT,
                scale=rising_scale(warning=1, bad=2),
                queries=(Query(expr=BREAKER_STATE, legend="{{job}} {{name}}"),),
                mappings=tuple(
                    value_mappings(
                        {
                            "0": ("closed", Color.GOOD),
                            "1": ("half open", Color.WARNING),
                            "2": ("open", Color.BAD),
                        }
                    )
                ),
            ),
        ),
        (
            TimeSeries(
                title="Retried calls",
                description="Share of outgoing calls that repeat an earlier call. Above a few "
                "percent, the retries add load that keeps a failing callee from recovering.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=queries.share(
                            JOBS.rate(f"{conventions.HTTP_CLIENT_REQUEST_RESENDS}_total"),
                            JOBS.sum(rules.CALLS),
                        ),
                        legend="{{job}}",
                    ),
                ),
                scale=thresholds.RETRIED,
                no_value="no retry",
            ),
            TimeSeries(
                title="Rejected by the rate limiter",
                description="Share of requests that a rate limit rejects. If it stays above 0, the "
                "limit is too low or one caller sends too many requests.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=_share_of_decisions(
                            service_metrics.RATE_LIMITER_REQUESTS, where='result="rejected"'
                        ),
                        legend="{{job}} {{policy}}",
                    ),
                ),
                scale=thresholds.REJECTED,
                no_value="no rate limiter",
            ),
        ),
        (
            TimeSeries(
                title="Degraded responses",
                description="Responses per second that omit the data of a failed dependency. They "
                "have a 2xx status code, so no error ratio contains them. Fix the dependency that "
                "the legend names.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.rate(
                            f"{DEGRADED_RESPONSES}_total",
                            by=(*IDENTITY, "dependency"),
                        ),
                        legend="{{job}} without {{dependency}}",
                    ),
                ),
                no_value="no degraded response",
            ),
            TimeSeries(
                title="Not decided by the shared limiter",
                description="Share of rate limiter decisions that an instance makes alone, because "
                "the shared limiter does not answer. Each instance then allows the whole limit. "
                "Check the server of the shared limiter.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=_share_of_decisions(service_metrics.RATE_LIMITER_FALLBACKS),
                        legend="{{job}} {{policy}}",
                    ),
                ),
                scale=thresholds.NOT_SHARED,
                no_value="no shared rate limiter",
            ),
        ),
    ),
)
"""Collapsed, because most services have none of these."""
