"""Alerts on the service registry: instances that it holds for critical, lists that get old."""

from typing import Final

from instrumentation.service_metrics import (
    SERVICE_REGISTRY_INSTANCES,
    SERVICE_REGISTRY_LIST_AGE_SECONDS,
)
from sightline.mixin.identity import IDENTITY, SERVICE, by
from sightline.mixin.model import Alert, Group, Threshold
from sightline.mixin.text import COUNT, first_value

_LISTED: Final = (*IDENTITY, "service")

CRITICAL: Final = Alert(
    name="RegisteredInstancesCritical",
    signal=f'max {by("service")} ({SERVICE_REGISTRY_INSTANCES}{{status="critical"}})',
    threshold=Threshold(operator=">", value=0),
    hold="5m",
    keep="5m",
    why="An instance that restarts is critical for seconds. One that is critical for minutes "
    "serves no calls, and nothing else says so while the other instances carry its load.",
    severity="warning",
    summary="Of the instances of {{ $labels.service }}, {{ $value }} fail the health checks of "
    "{{ $labels.job }}.",
    description="Callers leave them out, so the other instances carry their load: "
    + first_value(
        f'sum({SERVICE_REGISTRY_INSTANCES}{{{SERVICE}, service="%s", status="passing"}})',
        *_LISTED,
        template=COUNT,
        default="none",
    )
    + " pass. Check first whether the critical processes run, then whether the registry reaches "
    "their health check.",
    dashboard="dependencies",
)

STALE: Final = Alert(
    name="RegistryListStale",
    signal=f"max {by('service')} ({SERVICE_REGISTRY_LIST_AGE_SECONDS})",
    threshold=Threshold(operator=">", value=60),
    hold="5m",
    keep="5m",
    why="The registry answers every ten seconds, also without a change. A restart of it takes "
    "less than a minute.",
    severity="warning",
    summary="{{ $labels.job }} has had no list of {{ $labels.service }} from the service registry "
    "for {{ $value | humanizeDuration }}.",
    description="It calls the instances of the last list. New instances get no calls, and those "
    "that ended are tried in vain first. Check first whether the registry runs and answers.",
    dashboard="dependencies",
)

REGISTRY: Final = Group(name="registry.alerts", rules=(CRITICAL, STALE))
