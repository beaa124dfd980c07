"""A service in several clusters and namespaces: each has a budget, or all have one."""

from pathlib import Path

import pytest

from tests.integration.slo.stories import (
    EU,
    EU_FAILED,
    EVENTS,
    HTTP,
    MISSING,
    SLOTH,
    US,
    Story,
    complaints,
)

ACROSS = HTTP.replace("objective: 99", "objective: 99, across: [cluster]")

STORIES = {
    "each cluster has a budget": Story(
        objectives=HTTP,
        series={
            US: "0+6000x60",
            EU: "0+30x60",
            EU_FAILED: "0+30x60",
        },
        at="30m",
        query='count(ALERTS{cluster="eu", severity="critical", alertstate="firing", window="1h"})',
        value=1,
    ),
    "constants of an objective carry the cluster": Story(
        objectives=HTTP,
        series={US: "0+60x10", EU: "0+60x10"},
        at="5m",
        query='count(job_slo:objective:ratio{cluster="eu"} == 0.99) '
        '+ count(job_slo:time_period:days{cluster="us"})',
        value=2,
    ),
    "a cluster that went away is reported": Story(
        objectives=HTTP,
        series={US: "0+60x80", EU: "0+60x20 stale"},
        at="60m",
        query='count(ALERTS{alertname="SloDataMissing", alertstate="firing", cluster="eu"})',
        value=1,
    ),
    "a cluster that has data is not reported with another": Story(
        objectives=HTTP,
        series={US: "0+60x80", EU: "0+60x20 stale"},
        at="60m",
        query='count(ALERTS{alertname="SloDataMissing", cluster!="eu"})',
        value=None,
    ),
    "a cluster that idles is not reported": Story(
        objectives=HTTP,
        series={US: "0+60x80", EU: "0+60x20 stale", 'up{job="shop", cluster="eu"}': "1x80"},
        at="60m",
        query=MISSING,
        value=None,
    ),
    "an objective across clusters has one budget": Story(
        objectives=ACROSS,
        series={US: "0+90x20", EU_FAILED: "0+10x20"},
        at="15m",
        query='round(job_slo:sli_error:ratio{job="shop", window="1h"}, 0.1)',
        value=0.1,
    ),
    "an objective across clusters still has one per namespace": Story(
        objectives=ACROSS,
        series={
            US.replace("{", '{namespace="a", '): "0+90x20",
            EU.replace("{", '{namespace="b", '): "0+10x20",
        },
        at="15m",
        query='count(job_slo:burn_rate:ratio{job="shop", window="1h", cluster=""})',
        value=2,
    ),
    "an idle cluster of an objective across clusters is not reported": Story(
        objectives=ACROSS,
        series={US: "0+60x20 stale", 'up{job="shop", cluster="us"}': "1x80"},
        at="60m",
        query=MISSING,
        value=None,
    ),
    "a label that names the cluster of an objective stays on its alerts": Story(
        objectives=SLOTH.replace("SLI", EVENTS).replace("owner:", "cluster: valhalla, owner:"),
        series={
            'jobs_total{result="failed"}': "0+60x40",
            'jobs_total{result="ok"}': "0+60x40",
        },
        at="30m",
        query='count(ALERTS{cluster="valhalla", owner="team-billing", sloth_severity="page"})',
        value=1,
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_a_budget_belongs_to_a_place(story: Story, tmp_path: Path) -> None:
    assert complaints(story, tmp_path) == ""
