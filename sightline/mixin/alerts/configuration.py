"""Alerts on configurations that instances refuse, or do not have."""

from typing import Final

from instrumentation import service_metrics
from sightline.mixin.identity import by, on
from sightline.mixin.model import Alert, Group, Threshold

REFUSED: Final = Alert(
    name="ConfigurationRefused",
    signal=f"min {by('instance')} ({service_metrics.CONFIGURATION_LAST_RELOAD_SUCCESSFUL})",
    threshold=Threshold(operator="==", value=0),
    hold="2m",
    keep="0s",
    why="The instance goes on with the configuration that it had, so requests are served. Two "
    "minutes are enough to correct or roll back a wrong push that someone watches.",
    severity="warning",
    summary="{{ $labels.instance }} of {{ $labels.job }} refuses the newest configuration.",
    description="The instance uses the previous configuration, and a restart would lose it. Read "
    "the line `configuration refused` in its log; it names key and expectation. Roll back the "
    "push or correct it.",
    dashboard="service",
    variables=("job", "instance"),
)

_NO_CANARY: Final = (
    f"{service_metrics.CONFIGURATION_VERSION}\n"
    f"  unless {on('instance')} {service_metrics.CONFIGURATION_CANARY} == 1"
)

DRIFT: Final = Alert(
    name="ConfigurationDrift",
    signal=f"max {by()} (\n  {_NO_CANARY}\n)\n- {on()}\nmin {by()} (\n  {_NO_CANARY}\n)",
    threshold=Threshold(operator=">", value=0),
    hold="5m",
    keep="0s",
    why="A push reaches all instances within seconds. Five minutes cover a rollout, in which new "
    "instances get their configuration after the start. Instances of a canary do not count, "
    "because they differ on purpose.",
    severity="warning",
    summary="Instances of {{ $labels.job }} use different configurations.",
    description="Requests get different limits and timeouts from different instances. Look for "
    "the instance with the lowest version: it refuses the newest configuration, does not reach "
    "the configuration center, or started while the center had no document.",
    dashboard="service",
)

CONFIGURATION: Final = Group(name="configuration.alerts", rules=(REFUSED, DRIFT))
