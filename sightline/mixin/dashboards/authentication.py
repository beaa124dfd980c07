"""Row of panels about tokens: verified, refused, issued, and the keys that verify them."""

from typing import Final

from instrumentation import service_metrics
from sightline.mixin import queries
from sightline.mixin.alerts.authentication import PRESENTED, REFRESHES, REFUSED, VERIFICATIONS
from sightline.mixin.dashboards.selection import PROCESSES
from sightline.mixin.dashboards.thresholds import alert_scale
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.schema import Unit
from sightline.mixin.grafana.targets import Query
from sightline.mixin.grafana.time_panels import TimeSeries
from sightline.mixin.identity import IDENTITY

_NOTHING: Final = "no token"

AUTHENTICATION: Final = Row(
    title="Authentication",
    collapsed=True,
    lines=(
        (
            TimeSeries(
                title="Refused tokens",
                description="Share of the requests with a token whose token is refused. If it "
                "rises, look at the results beside it: many at once are a fault of the issuer, of "
                "its keys or of a clock.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=queries.share(
                            PROCESSES.rate(VERIFICATIONS, by=IDENTITY, where=REFUSED),
                            PROCESSES.rate(VERIFICATIONS, by=IDENTITY, where=PRESENTED),
                        ),
                        legend="{{job}}",
                    ),
                ),
                scale=alert_scale("AuthenticationFailing"),
                soft_max=0.1,
                no_value=_NOTHING,
            ),
            TimeSeries(
                title="Verifications by result",
                description="Requests per second by the result of their verification: guest has "
                "no token and needs none, missing needs one. If unknown_key rises, the keys are "
                "not refreshed; if expired rises, clients do not renew in time or a clock is "
                "wrong.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.rate(VERIFICATIONS, by=(*IDENTITY, "result")) + " > 0",
                        legend="{{job}} {{result}}",
                    ),
                ),
                no_value=_NOTHING,
            ),
        ),
        (
            TimeSeries(
                title="Tokens issued and refused",
                description="Access tokens per second by grant, and requests for one that were "
                "refused, by error. If replayed is above 0, a stolen code or refresh token was "
                "used.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.rate(
                            f"{service_metrics.AUTHENTICATION_TOKENS_ISSUED}_total", by=("grant",)
                        ),
                        legend="{{grant}}",
                    ),
                    Query(
                        expr=PROCESSES.rate(
                            f"{service_metrics.AUTHENTICATION_TOKENS_REFUSED}_total",
                            by=("reason",),
                        )
                        + " > 0",
                        legend="refused: {{reason}}",
                    ),
                ),
                no_value="no issuer",
            ),
            TimeSeries(
                title="Failed refreshes of keys",
                description="Share of the attempts to read the keys of tokens that fail. At "
                "100 % known keys go on verifying, and new keys are unknown: the issuer does not "
                "answer.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=queries.share(
                            PROCESSES.rate(
                                REFRESHES, by=queries.INSTANCE, where='result="failure"'
                            ),
                            PROCESSES.rate(REFRESHES, by=queries.INSTANCE),
                        ),
                        legend="{{job}} {{instance}}",
                    ),
                ),
                scale=alert_scale("TokenKeysNotRefreshed"),
                no_value="no keys",
            ),
        ),
    ),
)
