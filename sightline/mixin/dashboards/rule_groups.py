"""Panel of the load of rule groups."""

from typing import Final

from sightline.mixin.dashboards.selection import PROCESSES, TOP, keep_top
from sightline.mixin.grafana.fields import rising_scale
from sightline.mixin.grafana.schema import Unit
from sightline.mixin.grafana.targets import Query
from sightline.mixin.grafana.time_panels import TimeSeries


def _by_rule_group(series: str) -> str:
    """Return the maximum of *series* by rule group, without the path of its file."""
    return (
        "max by (rule_group) (label_replace(\n"
        f'  {series},\n  "rule_group", "$1", "rule_group", ".*;(.*)"\n))'
    )


_DURATION: Final = PROCESSES.select("prometheus_rule_group_last_duration_seconds")
_INTERVAL: Final = PROCESSES.select("prometheus_rule_group_interval_seconds")
GROUP_LOAD: Final = _by_rule_group(f"{_DURATION} / {_INTERVAL}")
GROUP_DURATION: Final = _by_rule_group(f"max_over_time({_DURATION}[$__range] @ end())")


RULE_GROUPS: Final = TimeSeries(
    title=f"Rule group load, {TOP}",
    description="Evaluation time of each rule group as a share of its interval. At 100 "
    "% Prometheus skips evaluations, and alerts fire late.",
    unit=Unit.RATIO,
    queries=(
        Query(
            expr=keep_top(GROUP_LOAD, GROUP_DURATION, by=("rule_group",)),
            legend="{{rule_group}}",
        ),
    ),
    scale=rising_scale(warning=0.5, bad=1),
)
