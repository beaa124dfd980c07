"""Rules that `sightline slo build` prints, evaluated by promtool."""

from pathlib import Path

import pytest

from sightline.slo import main
from tests import promtool
from tests.integration.slo.stories import (
    BROKEN,
    EVENTS,
    FAILED,
    HTTP,
    MISSING,
    OK,
    PAGE,
    SLOTH,
    Story,
    complaints,
)

RAW = """
      raw:
        error_ratio_query: |
          sum(rate(jobs_total{result="failed"}[{{.window}}])) / sum(rate(jobs_total[{{.window}}]))
"""
WORST = """
      raw:
        error_ratio_query: |
          max(rate(failed_total[{{.window}}]) / rate(jobs_total[{{.window}}]))
"""
SLOW = "slos: [{service: shop, name: a, objective: 99, sli: {http: {slower_than: 0.5}}}]"
WEEK = HTTP.replace("objective: 99", "objective: 99, period: 7d")
QUARTER = HTTP.replace("objective: 99", "objective: 99, period: 90d")
FRESH = """slos: [{service: shop, name: a, objective: 99, labels: {team: data},
  sli: {freshness: {timestamp: import_seconds, older_than: 600}}}]"""
TWO_PERIODS = f"{WEEK[:-1]}, {HTTP[len('slos: [') : -1].replace('name: a', 'name: b')}]"
RARE = HTTP.replace("objective: 99", "objective: 99, min_errors: 0, min_events: 50")


STORIES = {
    "a page of Sloth has its name, labels and severity": Story(
        objectives=SLOTH.replace("SLI", EVENTS),
        series={
            'jobs_total{result="failed"}': "0+60x60",
            'jobs_total{result="ok"}': "0+60x60",
        },
        at="30m",
        query='count(ALERTS{alertname="BillingJobsFail", owner="team-billing", '
        'routing_key="billing", severity="pageteam", sloth_severity="page", window=""})',
        value=1,
    ),
    "a window has the ratio of Sloth's query over that window": Story(
        objectives=SLOTH.replace("SLI", EVENTS),
        series={
            'jobs_total{result="failed"}': "0+20x20 400+60x60",
            'jobs_total{result="ok"}': "0+900x20 18000+60x60",
        },
        at="70m",
        query=" + ".join(
            f'(abs(job_slo:sli_error:ratio{{window="{window}"}} - on () ('
            f'sum(rate(jobs_total{{result="failed"}}[{window}])) / sum(rate(jobs_total[{window}]))'
            ")) < bool 0.02)"
            for window in ("5m", "30m", "1h")
        ),
        value=3,
    ),
    "the budget of two files of one service is that of their objectives": Story(
        objectives=HTTP + "\n---\n" + SLOTH.replace("SLI", EVENTS).replace("billing", "shop"),
        series={OK: "0+60x20", 'jobs_total{result="ok"}': "0+60x20"},
        at="15m",
        query='count(job_slo:period_error_budget_remaining:ratio{job="shop"} == 1)',
        value=2,
    ),
    "rare events of Sloth page": Story(
        objectives=SLOTH.replace("SLI", EVENTS),
        series={
            'jobs_total{result="failed"}': "0x9 1x9 2x9 3x9 4x9 5x9 6x9",
            'jobs_total{result="ok"}': "5x70",
        },
        at="65m",
        query='count(ALERTS{alertname="BillingJobsFail", sloth_severity="page"})',
        value=1,
    ),
    "a raw ratio is weighted by its events": Story(
        objectives=SLOTH.replace("SLI", RAW),
        series={
            'jobs_total{result="failed"}': "0+1x55 55x20",
            'jobs_total{result="ok"}': "0x54 0+2000x21",
        },
        at="60m",
        query='job_slo:sli_error:ratio{job="billing", window="1h"} < bool 0.02',
        value=1,
    ),
    "a raw ratio survives minutes without events": Story(
        objectives=SLOTH.replace("SLI", RAW),
        series={
            'jobs_total{result="failed"}': "0x20 0+5x20",
            'jobs_total{result="ok"}': "0x20 0+5x20",
        },
        at="40m",
        query='round(job_slo:sli_error:ratio{job="billing", window="1h"}, 0.1)',
        value=0.5,
    ),
    "a ratio that is no division survives samples that are no number": Story(
        objectives=SLOTH.replace("SLI", WORST),
        series={"failed_total": "0x10 0+5x30", "jobs_total": "0x10 0+10x30"},
        at="40m",
        query='round(job_slo:sli_error:ratio{job="billing", window="1h"}, 0.1)',
        value=0.5,
    ),
    "a week's budget pages at a burn rate of 5": Story(
        objectives=WEEK,
        series={OK: "0+950x100", FAILED: "0+50x100"},
        at="90m",
        query=PAGE,
        value=1,
    ),
    "a quarter's budget does not page at a burn rate of 15": Story(
        objectives=QUARTER,
        series={OK: "0+850x100", FAILED: "0+150x100"},
        at="90m",
        query=PAGE,
        value=None,
    ),
    "objectives of different periods have a budget each": Story(
        objectives=TWO_PERIODS,
        series={OK: "0+990x30", FAILED: "0+10x30"},
        at="25m",
        query='count(job_slo:period_error_budget_remaining:ratio{job="shop"})',
        value=2,
    ),
    "an idle service that pushes has data": Story(
        objectives=HTTP,
        series={OK: "0+60x30 stale", 'target_info{job="shop", instance="s:1"}': "1x120"},
        at="100m",
        query=MISSING,
        value=None,
    ),
    "streams that break are errors": Story(
        objectives=HTTP,
        series={OK: "0+60x40", BROKEN: "0+60x40"},
        at="20m",
        query='round(job_slo:sli_error:ratio{job="shop", window="30m"}, 0.1)',
        value=0.5,
    ),
    "a missing bucket gives no ratio": Story(
        objectives=SLOW,
        series={OK: "0+60x60", OK.replace("_count{", '_bucket{le="1", '): "0+60x60"},
        at="40m",
        query="count(job_slo:sli_error:ratio)",
        value=None,
    ),
    "a missing bucket is reported": Story(
        objectives=SLOW,
        series={OK: "0+60x60", OK.replace("_count{", '_bucket{le="1", '): "0+60x60"},
        at="40m",
        query=MISSING,
        value=1,
    ),
    "an idle service that is up has data": Story(
        objectives=HTTP,
        series={OK: "0+60x30 stale", 'up{job="shop"}': "1x120"},
        at="100m",
        query=MISSING,
        value=None,
    ),
    "a service that is down and has no data is reported": Story(
        objectives=HTTP,
        series={OK: "0+60x30 stale", 'up{job="shop"}': "0x120"},
        at="100m",
        query=MISSING,
        value=1,
    ),
    "stale data burns the budget of freshness": Story(
        objectives=FRESH,
        series={'import_seconds{job="shop"}': "0x60"},
        at="40m",
        query='count(ALERTS{severity="critical", alertstate="firing", team="data"}) > bool 0',
        value=1,
    ),
    "one request each ten minutes, of which each fails, pages within two hours": Story(
        objectives=HTTP,
        series={FAILED: " ".join(f"{number}x9" for number in range(13))},
        at="2h",
        query=PAGE,
        value=1,
    ),
    "an alert waits for the minimum of events": Story(
        objectives=RARE,
        series={OK: "0+1x20 20x20", FAILED: "0+1x20 20x20"},
        at="25m",
        query=PAGE,
        value=None,
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_a_built_file_behaves(story: Story, tmp_path: Path) -> None:
    assert complaints(story, tmp_path) == ""


@pytest.mark.parametrize(
    "objectives",
    [HTTP, SLOW, TWO_PERIODS, FRESH, RARE, SLOTH.replace("SLI", RAW), SLOTH.replace("SLI", WORST)],
)
def test_promtool_accepts_a_built_file_without_a_complaint(
    objectives: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, rules = tmp_path / "slos.yaml", tmp_path / "rules.yml"
    file.write_text(objectives)

    main(["build", str(file)])

    rules.write_text(capsys.readouterr().out)
    lint = ("check", "rules", "--lint=all", "--lint-fatal")
    assert promtool.complaints(promtool.binary(3), *lint, rules) == ""
