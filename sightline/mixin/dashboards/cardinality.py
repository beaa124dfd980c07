"""Row of panels about the number of series."""

from typing import Final

from sightline.mixin.dashboards.place_keys import PLACE_KEYS
from sightline.mixin.dashboards.selection import PROCESSES
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.schema import Unit
from sightline.mixin.grafana.tables import Column, Key, Table

ALL_SERIES: Final = PROCESSES.narrow('__name__=~".+"').select("")

CARDINALITY: Final = Row(
    title="Cardinality (expensive queries)",
    collapsed=True,
    lines=(
        (
            Table(
                title="Metrics with most series",
                description="The twenty metrics with most series. A metric that you do not expect "
                "here has a label with too many values.",
                keys=(Key(label="__name__", title="Metric"),),
                columns=(
                    Column(
                        title="Series",
                        expr=f"topk(20, count by (__name__) ({ALL_SERIES}))",
                        unit=Unit.COUNT,
                    ),
                ),
                sort_by="Series",
            ),
        ),
        (
            Table(
                title="Series by service",
                description="Series of each service in Prometheus. If one service has far more "
                "than the others, the table Metrics with most series shows which metric causes "
                "it.",
                keys=(*PLACE_KEYS, Key(label="job", title="Service")),
                columns=(
                    Column(
                        title="Series",
                        expr=PROCESSES.sum("scrape_samples_post_metric_relabeling"),
                        unit=Unit.COUNT,
                    ),
                ),
                sort_by="Series",
            ),
        ),
    ),
)
"""Collapsed, because the queries read every series."""
