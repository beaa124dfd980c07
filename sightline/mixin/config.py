"""Windows, factors and minimums of the rules with their sources, and the two profiles.

Objectives are in `prometheus/slos.yaml`, thresholds in the alert objects.
"""

from dataclasses import dataclass
from typing import Final, Literal

from sightline.mixin import clock

RATE_WINDOW: Final = "5m"
"""Range of rates unless an alert needs another. It holds 20 scrapes of 15 s, so that a few lost
scrapes leave no gap. Source: kubernetes-mixin, `rate(…[5m])` throughout."""

EVALUATION_INTERVAL: Final = "30s"
"""Interval of rule groups. Above 5 minutes a panel has gaps. Source: pint, group/interval."""

REQUEST_INTERVAL: Final = "1m"
"""Interval of the groups that count requests, calls and operations: a fifth of their window."""

DURATION_INTERVAL: Final = "2m"
"""Interval of the group that reads the buckets of every route, the dearest query of all. It is
below Prometheus' lookback of 5 minutes, so that a quantile always has a value."""

BUDGET_INTERVAL: Final = "1m"
"""Interval of the groups that sum whole budget periods. It is well below Prometheus' lookback of 5
minutes, so that a budget always has a value."""

BUDGET_STEP: Final = "5m"
"""Length of the sums that a period adds up: 30 days are 8,640 samples instead of 86,400."""

MIN_REQUESTS: Final = 20
"""Minimum of requests in a rate window for alerts on ratios: one failure of ten requests is 10 %
and means nothing."""

MIN_FAILURES: Final = 5
"""Minimum of failures in a window longer than the rate window for alerts on ratios: two failures
in a quiet hour mean nothing."""

MIN_REQUESTS_FOR_P99: Final = 100
"""Minimum of requests in a rate window for alerts on p99. Of fewer, p99 is the slowest one."""

INDICATOR_WINDOW: Final = "2m"
"""Range of the rates that feed the SLO windows. Short, because the windows average it again."""

RETENTION: Final = "31d"
"""Retention in `prometheus/prometheus.flags`. No rule may read older data."""

Severity = Literal["critical", "warning", "info", "none"]
"""``critical`` wakes someone, ``warning`` is a ticket, ``info`` and ``none`` never notify."""


SCRAPES_IN_RANGE: Final = 4
"""Minimum of scrapes in a range, so that one lost scrape leaves a rate. Source: Grafana,
`$__rate_interval`."""

SCRAPES_BEFORE_ALERT: Final = 2
"""Minimum of scrapes that agree before an alert fires."""

LONGEST_SCRAPE_INTERVAL: Final = "2m"
"""Prometheus forgets a sample after 5 minutes, so a longer interval does not survive a lost scrape.
Source: Prometheus, "Querying basics", section "Staleness"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Speed at which a set of rule files is evaluated."""

    name: str
    speed: int
    """Divisor of all durations of production."""
    scrape_interval: str

    def duration(self, production: str) -> str:
        """Return the duration *production* in this profile."""
        return clock.divide(production, self.speed)

    def hold(self, production: str) -> str:
        """Return how long a condition holds before an alert fires, or is absent before it ends."""
        scrapes = SCRAPES_BEFORE_ALERT * clock.seconds(self.scrape_interval)
        return clock.at_least(self.duration(production), scrapes)

    def window(self, production: str) -> str:
        """Return the range *production* of scraped series in this profile."""
        return clock.at_least(self.duration(production), self._shortest_range)

    def promql(self, production: str) -> str:
        """Return the expression or template *production* with the durations of this profile."""
        return clock.raise_all(clock.divide_all(production, self.speed), self._shortest_range)

    @property
    def _shortest_range(self) -> int:
        return SCRAPES_IN_RANGE * clock.seconds(self.scrape_interval)


PRODUCTION: Final = Profile(name="production", speed=1, scrape_interval="30s")
"""Profile for scrapes every 15 to 30 s, with the windows of the SRE workbook. An adoption file can
name another interval."""

DEMO: Final = Profile(name="demo", speed=10, scrape_interval="2s")
"""Profile for scrapes every 2 s. A five-minute window takes 30 s, so that alerts fire quickly."""

PROFILES: Final = (PRODUCTION, DEMO)


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnWindow:
    """Condition of a burn-rate alert: too fast over a long window and still over a short one."""

    severity: Severity
    long: str
    short: str
    factor: float
    """Burn rate. A rate of 1 spends the budget exactly by the end of its period."""
    hold: str
    keep: str


BURN_WINDOWS: Final = (
    BurnWindow(severity="critical", long="1h", short="5m", factor=14.4, hold="1m", keep="5m"),
    BurnWindow(severity="critical", long="6h", short="30m", factor=6.0, hold="5m", keep="5m"),
    BurnWindow(severity="warning", long="1d", short="2h", factor=3.0, hold="30m", keep="15m"),
    BurnWindow(severity="warning", long="3d", short="6h", factor=1.0, hold="1h", keep="15m"),
)
"""2 %, 5 %, 10 % and 10 % of a 30-day budget spent within the long window. Source: SRE workbook,
"Alerting on SLOs", table 5-8. `hold` tolerates one bad scrape in pages and a deploy in tickets."""

SLO_WINDOWS: Final = tuple(
    sorted({w for burn in BURN_WINDOWS for w in (burn.long, burn.short)}, key=clock.seconds)
)
"""Windows of the burn-rate alerts, ascending."""
