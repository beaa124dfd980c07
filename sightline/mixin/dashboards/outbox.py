"""Line of panels about messages that wait in the outbox of a service."""

from typing import Final

from instrumentation import service_metrics
from sightline.mixin.dashboards import thresholds
from sightline.mixin.dashboards.selection import PROCESSES
from sightline.mixin.grafana.schema import Unit
from sightline.mixin.grafana.targets import Query
from sightline.mixin.grafana.time_panels import TimeSeries
from sightline.mixin.identity import IDENTITY

OUTBOX: Final = (
    TimeSeries(
        title="Age of the outbox",
        description="Age of the oldest message that waits in a service's database until "
        "it is sent. If a curve rises, the broker is down, or the relay does not run.",
        unit=Unit.SECONDS,
        queries=(
            Query(
                expr=PROCESSES.max(service_metrics.OUTBOX_OLDEST_AGE_SECONDS, by=IDENTITY),
                legend="{{job}}",
            ),
        ),
        scale=thresholds.OUTBOX,
        no_value="no outbox",
    ),
    TimeSeries(
        title="Messages in the outbox",
        description="Messages that wait in a service's database until they are sent. If a "
        "curve stays above 0, messages are written faster than they are sent.",
        unit=Unit.COUNT,
        queries=(
            Query(
                expr=PROCESSES.sum(service_metrics.OUTBOX_PENDING_MESSAGES, by=IDENTITY),
                legend="{{job}}",
            ),
        ),
        no_value="no outbox",
    ),
)
