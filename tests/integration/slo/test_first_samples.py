"""Counters that appear, return or start again: only new events count."""

from pathlib import Path

import pytest

from tests.integration.slo.stories import FAILED, HTTP, NEW, OK, STARTED, UP, Story, complaints

STORIES = {
    "the first samples of a new replica are errors": Story(
        objectives=HTTP,
        series={OK: "0+60x40", FAILED: "0x40", NEW: "_x20 12x20", STARTED: "_x20 1200x20"},
        at="30m",
        query='round(job_slo:errors:count{job="shop", window="30m"})',
        value=12,
    ),
    "the first samples of a new status code are errors": Story(
        objectives=HTTP,
        series={OK: "0+60x40", NEW: "_x20 12x20", STARTED: "0x40"},
        at="30m",
        query='round(job_slo:errors:count{job="shop", window="30m"})',
        value=12,
    ),
    "the counters of an old process with a new label are no new errors": Story(
        objectives=HTTP,
        series={OK: "0+60x40", NEW: "_x20 5000x20", STARTED: "_x20 0x20"},
        at="30m",
        query='round(job_slo:errors:count{job="shop", window="30m"})',
        value=0,
    ),
    "the counters of a target that was unreachable are no new errors": Story(
        objectives=HTTP,
        series={
            OK: "0+60x40",
            NEW: "_x20 5000x20",
            'up{job="shop", instance="s:2"}': "1x5 0x14 1x20",
        },
        at="30m",
        query='round(job_slo:errors:count{job="shop", window="30m"})',
        value=0,
    ),
    "counters are not new after ten minutes without Prometheus": Story(
        objectives=HTTP,
        series={
            OK: "0+60x20 _x10 1800+60x20",
            FAILED: "5000x20 _x10 5000x20",
            UP: "1x20 _x10 1x20",
        },
        at="40m",
        query='round(job_slo:errors:count{job="shop", window="2h"})',
        value=0,
    ),
    "a counter that starts again counts from zero": Story(
        objectives=HTTP,
        series={OK: "0+60x40", FAILED: "5000x20 7x20"},
        at="35m",
        query='count(job_slo:errors:count{job="shop", window="2h"} > 5 < 20)',
        value=1,
    ),
    "an error counter that appears after a restart is new": Story(
        objectives=HTTP,
        series={OK: "0+60x20 0+60x20", FAILED: "5000x20 stale _x5 12x20", UP: "1x60"},
        at="40m",
        query='round(job_slo:errors:count{job="shop", window="2h"})',
        value=12,
    ),
    "the first requests of an idle replica are counted": Story(
        objectives=HTTP,
        series={OK: "0+60x40", NEW: "_x20 12x20", 'up{job="shop", instance="s:2"}': "1x40"},
        at="30m",
        query='round(job_slo:errors:count{job="shop", window="30m"})',
        value=12,
    ),
    "the first samples of a pushed replica without start time are errors": Story(
        objectives=HTTP,
        series={OK: "0+60x40", NEW: "_x20 12x20"},
        at="30m",
        query='round(job_slo:errors:count{job="shop", window="30m"})',
        value=12,
    ),
    "the counters of a pushed replica that returns are no new errors": Story(
        objectives=HTTP,
        series={OK: "0+60x40", NEW: "5000x5 stale _x14 5000x20"},
        at="30m",
        query='round(job_slo:errors:count{job="shop", window="2h"})',
        value=0,
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_only_new_events_count(story: Story, tmp_path: Path) -> None:
    assert complaints(story, tmp_path) == ""
