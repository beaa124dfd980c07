"""Row of panels about the configuration that instances take over while they run."""

from typing import Final

from instrumentation import service_metrics
from sightline.mixin import queries
from sightline.mixin.dashboards import thresholds
from sightline.mixin.dashboards.selection import PROCESSES
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.schema import Unit
from sightline.mixin.grafana.tables import Column, Key, Table
from sightline.mixin.grafana.targets import Query
from sightline.mixin.grafana.time_panels import TimeSeries
from sightline.mixin.identity import IDENTITY

_RESULT: Final = (*IDENTITY, "result")
_PUSHED: Final = PROCESSES.max(service_metrics.CONFIGURATION_VERSION, by=queries.INSTANCE)
_AGE: Final = f"time() - ({_PUSHED} > 0) / 1000"
_CONTACT: Final = PROCESSES.max(
    service_metrics.CONFIGURATION_CONTACT_TIMESTAMP_SECONDS, by=queries.INSTANCE
)

CONFIGURATION: Final = Row(
    title="Configuration",
    collapsed=True,
    lines=(
        (
            Table(
                title="Configuration by instance",
                description="Version that each instance uses, 0 for its files alone, and the time "
                "since its push. If versions differ and no canary is under way, the instance with "
                "the lower one refuses the newest version, or does not reach the center.",
                keys=(Key(label="instance", title="Instance"),),
                columns=(
                    Column(title="Version", expr=_PUSHED, unit=Unit.COUNT, decimals=0),
                    Column(title="Pushed", expr=_AGE, unit=Unit.SECONDS),
                    Column(
                        title="Canary",
                        expr=PROCESSES.max(
                            service_metrics.CONFIGURATION_CANARY, by=queries.INSTANCE
                        ),
                        unit=Unit.COUNT,
                        decimals=0,
                    ),
                    Column(
                        title="Loaded",
                        expr=PROCESSES.min(
                            service_metrics.CONFIGURATION_LAST_RELOAD_SUCCESSFUL,
                            by=queries.INSTANCE,
                        ),
                        unit=Unit.COUNT,
                        decimals=0,
                        scale=thresholds.CONFIGURATION,
                    ),
                ),
                sort_by="Version",
                no_value="no configuration",
            ),
        ),
        (
            TimeSeries(
                title="Configurations applied and refused",
                description="Pushed configurations that reached the instances, by result. If some "
                "are refused, their log names key and expectation; the old values stay in use.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.rate(
                            f"{service_metrics.CONFIGURATION_RELOADS}_total", by=_RESULT
                        ),
                        legend="{{job}} {{result}}",
                    ),
                ),
                no_value="no configuration",
            ),
            TimeSeries(
                title="Last contact with the center",
                description="Time since the last answer of the configuration center. A poll waits "
                "for 20 seconds. Above half a minute, the center is down; the instances keep their "
                "configuration.",
                unit=Unit.SECONDS,
                queries=(Query(expr=f"time() - ({_CONTACT} > 0)", legend="{{instance}}"),),
                no_value="no center",
            ),
        ),
    ),
)
"""Collapsed, because most services have no such configuration."""
