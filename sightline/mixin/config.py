"""Windows, factors and gates of the rules, each with its source; the two profiles.

Objectives stand in `prometheus/slos.yaml`, thresholds in the alert objects.
"""

import os
from dataclasses import dataclass
from typing import Final, Literal

from sightline.mixin import clock

RATE_WINDOW: Final = "5m"
"""Range of every rate that has no reason for another. Twenty scrapes of 15 s, so that a few lost
ones leave no gap. Source: kubernetes-mixin, `rate(…[5m])` throughout."""

EVALUATION_INTERVAL: Final = "30s"
"""How often rules are evaluated; over 5 minutes a graph has gaps. Source: pint, group/interval."""

BUDGET_INTERVAL: Final = "5m"
"""How often whole budget periods are summed: they hardly move, and each reads 30 days."""

FEWEST_REQUESTS: Final = 20
"""Requests in a rate window below which no ratio or quantile alerts: one failure of ten is 10 %,
and says nothing."""

FEWEST_FOR_P99: Final = 100
"""Requests in a rate window below which the 99th percentile is the one slowest request."""

INDICATOR_WINDOW: Final = "2m"
"""Range of the rates that feed the SLO windows: short, for the windows average it again."""

RETENTION: Final = "31d"
"""What `prometheus/prometheus.flags` keeps; no rule may look further back."""

DASHBOARDS_URL: Final = os.environ.get("SIGHTLINE_DASHBOARDS_URL") or "http://localhost:3000"
"""Where notifications find Grafana. Set the variable for `make generate` to point at your own."""

RUNBOOKS_URL: Final = (
    os.environ.get("SIGHTLINE_RUNBOOKS_URL") or "http://localhost:8003/runbooks/{alert}"
)
"""Where notifications find the page of an alert; `control` serves `docs/runbooks/`. Likewise."""


Severity = Literal["critical", "warning", "info", "none"]
"""``critical`` wakes somebody, ``warning`` is a ticket, ``info`` and ``none`` never notify."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A set of rule files: the same rules on a clock of its own."""

    name: str
    speed: int
    """How many times faster than production its durations pass."""

    def duration(self, production: str) -> str:
        """The duration that *production* becomes here."""
        return clock.divided(production, self.speed)

    def promql(self, production: str) -> str:
        """The expression or template that *production* becomes here."""
        return clock.faster(production, self.speed)


PRODUCTION: Final = Profile(name="production", speed=1)
"""Scrapes every 15 to 30 s, windows of the SRE workbook."""

DEMO: Final = Profile(name="demo", speed=10)
"""Scrapes every 2 s; a five-minute window passes in 30 s, so that an alert is seen to fire."""

PROFILES: Final = (PRODUCTION, DEMO)


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnWindow:
    """When an error budget burns too fast: over a long window, and still over a short one."""

    severity: Severity
    long: str
    short: str
    factor: float
    """Burn rate: 1 spends the budget exactly by the end of its period."""
    hold: str
    keep: str


BURN_WINDOWS: Final = (
    BurnWindow(severity="critical", long="1h", short="5m", factor=14.4, hold="1m", keep="5m"),
    BurnWindow(severity="critical", long="6h", short="30m", factor=6.0, hold="5m", keep="5m"),
    BurnWindow(severity="warning", long="1d", short="2h", factor=3.0, hold="30m", keep="15m"),
    BurnWindow(severity="warning", long="3d", short="6h", factor=1.0, hold="1h", keep="15m"),
)
"""2 %, 5 %, 10 % and 10 % of a 30-day budget spent within the long window. Source: SRE workbook,
"Alerting on SLOs", table 5-8. `hold` bridges one bad scrape in pages and a deploy in tickets."""

SLO_WINDOWS: Final = tuple(
    sorted({w for burn in BURN_WINDOWS for w in (burn.long, burn.short)}, key=clock.seconds)
)
"""Every window of the burn-rate alerts, ascending."""
