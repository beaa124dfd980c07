"""Alerts on tokens that are refused, and on keys that cannot be read."""

from typing import Final

from instrumentation import service_metrics
from sightline.mixin.config import MIN_REQUESTS, RATE_WINDOW
from sightline.mixin.identity import SERVICE, on
from sightline.mixin.model import Alert, Group, Threshold
from sightline.mixin.queries import INSTANCE, increase, rate, share
from sightline.mixin.text import list_of

VERIFICATIONS: Final = f"{service_metrics.AUTHENTICATION_VERIFICATIONS}_total"
REFRESHES: Final = f"{service_metrics.AUTHENTICATION_KEY_SET_REFRESHES}_total"

PRESENTED: Final = 'result!~"guest|missing"'
"""Matcher of verifications of a token that the request had."""
REFUSED: Final = 'result!~"guest|missing|valid"'

MIN_REFRESHES: Final = 3

FAILING: Final = Alert(
    name="AuthenticationFailing",
    signal=share(rate(VERIFICATIONS, where=REFUSED), rate(VERIFICATIONS, where=PRESENTED)),
    threshold=Threshold(operator=">", value=0.1),
    gate=f"and {on()} {increase(VERIFICATIONS, where=PRESENTED)} >= {MIN_REQUESTS}",
    hold="5m",
    keep="5m",
    why="Some clients always have an expired token. A tenth of all tokens for five minutes is a "
    "fault of issuer, keys, clocks or settings. Requests without a token do not count, because "
    "anyone on the Internet sends them. At least 20 tokens.",
    severity="warning",
    summary="{{ $labels.job }} refuses {{ $value | humanizePercentage }} of tokens.",
    description="Their requests get 401 or 403, which no objective counts as an error. The result "
    "says where to look; by result: "
    + list_of(
        f"topk(3, sum by (result) (rate({VERIFICATIONS}{{{SERVICE}, {REFUSED}}}"
        f"[{RATE_WINDOW}])) > 0)",
        "job",
        item='{{ .Labels.result }} ({{ .Value | printf "%.2f" }}/s)',
        default="none at this moment",
    )
    + ".",
    dashboard="dependencies",
)

_FAILURES: Final = 'result="failure"'

KEYS: Final = Alert(
    name="TokenKeysNotRefreshed",
    signal=share(
        rate(REFRESHES, by=INSTANCE, where=_FAILURES),
        rate(REFRESHES, by=INSTANCE),
    ),
    threshold=Threshold(operator=">", value=0.5),
    gate=f"and {on('instance')} "
    f"{increase(REFRESHES, by=INSTANCE, where=_FAILURES)} >= {MIN_REFRESHES}",
    hold="5m",
    keep="5m",
    why="A restart of the issuer fails a refresh or two. The known keys go on verifying, so that "
    "there is time until the next rotation. At least 3 failures in five minutes.",
    severity="warning",
    summary="{{ $labels.instance }} of {{ $labels.job }} cannot read the keys of tokens.",
    description="Tokens of known keys are accepted, those of a new key are refused after the next "
    "rotation, and an instance that starts now refuses all. Check first whether the issuer "
    "answers, then the log of this instance.",
    dashboard="dependencies",
)

AUTHENTICATION: Final = Group(name="authentication.alerts", rules=(FAILING, KEYS))
