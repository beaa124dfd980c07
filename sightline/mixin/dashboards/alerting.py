"""Panels about alerts that several dashboards show."""

from typing import Final

from instrumentation import service_metrics
from sightline.mixin import catalogue
from sightline.mixin.dashboards import colors, links, thresholds
from sightline.mixin.dashboards.place_keys import PLACE_KEYS
from sightline.mixin.dashboards.selection import PLACES, Selection, labels
from sightline.mixin.grafana.fields import value_mappings
from sightline.mixin.grafana.panels import Stat
from sightline.mixin.grafana.schema import Color, Unit
from sightline.mixin.grafana.tables import Column, Key, Table
from sightline.mixin.grafana.targets import InstantQuery, Query
from sightline.mixin.grafana.time_panels import StateTimeline
from sightline.mixin.identity import IDENTITY

_WATCHDOG: Final = catalogue.alert("WatchdogNotReceived")
_LONGEST_SECONDS: Final = _WATCHDOG.threshold.value if _WATCHDOG.threshold else 0
_SINCE_RECEIVED: Final = (
    f"time() - max({service_metrics.ALERT_WATCHDOG_TIMESTAMP_SECONDS} > 0) > {_LONGEST_SECONDS:g}"
)

ALIVE: Final = Stat(
    title="Alerting",
    description="State of the path from Prometheus to the receivers. The alert Watchdog always "
    "fires; broken means that it does not fire, that Prometheus knows no Alertmanager, or that the "
    "receiver no longer gets it. Alerts reach no one then: open the Stack dashboard.",
    unit=Unit.COUNT,
    queries=(
        InstantQuery(
            expr=f"""
(
  group(ALERTS{{alertname="Watchdog", alertstate="firing"}})
  unless on () ({_SINCE_RECEIVED})
  unless on () (max(prometheus_notifications_alertmanagers_discovered) == 0)
)
or vector(0)
"""
        ),
    ),
    mappings=tuple(value_mappings({"1": ("alive", Color.GOOD), "0": ("broken", Color.BAD)})),
    scale=thresholds.ZERO_IS_BAD,
    links=(links.STACK,),
)
"""The Watchdog is not an alert to act on, so that no count of firing alerts contains it."""

FIRING: Final = f"""
max by (alertname, {labels(IDENTITY)}, severity) (
  (time() - {PLACES.narrow('severity=~"critical|warning"').select("ALERTS_FOR_STATE")})
  and ignoring (alertstate) ALERTS{{alertstate="firing"}}
)
"""
"""PromQL for the seconds since the condition of each firing alert became true."""


FIRING_TABLE: Final = Table(
    title="Firing alerts by age",
    description="Firing alerts, and the time since the condition of each became true. Of "
    "several related alerts, the oldest is usually the cause.",
    height=7,
    keys=(
        Key(label="alertname", title="Alert", width=200),
        *PLACE_KEYS,
        Key(label="job", title="Service", link=links.CLICKED_SERVICE),
        Key(label="severity", title="Severity"),
    ),
    columns=(Column(title="Since", expr=FIRING, unit=Unit.SECONDS, decimals=1),),
    sort_by="Since",
    no_value="no alert fires",
)


def over_time(selection: Selection) -> StateTimeline:
    """Return the panel of the periods in which alerts fired, for the whole width of a page."""
    return StateTimeline(
        title="Alerts over time",
        description="Periods in which each alert fired. Red is critical, orange is a warning. Of "
        "several bands, the one that begins first is usually the cause.",
        unit=Unit.COUNT,
        queries=(
            Query(
                expr=colors.firing_severity(selection.where, by=("alertname", *IDENTITY)),
                legend="{{job}} {{alertname}}",
            ),
        ),
        scale=colors.SEVERITY_SCALE,
        mappings=colors.SEVERITIES,
        axis_width=280,
    )
