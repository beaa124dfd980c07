"""Every variable, annotation and panel of every dashboard, in six states of the whole stack."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from sightline.artefacts import DASHBOARDS
from sightline.viewer import proof
from sightline.viewer.check import MOST_SERIES, settings_of
from sightline.viewer.dashboard import Dashboard
from sightline.viewer.interpolation import Scope
from sightline.viewer.proof import Limits
from sightline.viewer.sources import Sources
from sightline.viewer.timerange import TimeRange
from tests.stacks import LocalStack, running
from tests.waiting import until

LIMITS = Limits(series=MOST_SERIES, seconds=1.0, attempts=3)
"""Generous for shared cores: alone, the slowest query takes a tenth of that at most."""


def to_mend(stack: LocalStack) -> list[str]:
    """What `sightline check` would complain about now."""
    settings = settings_of(stack.config)
    time_range = TimeRange.parse("now-2m", "now", now=time.time())
    rows = proof.run(
        [Dashboard.read(file) for file in sorted(DASHBOARDS.glob("*.json"))],
        Sources.of(settings),
        Scope(time=time_range, scrape_seconds=settings.scrape_interval_seconds),
        limits=LIMITS,
    )
    return [
        f"{row.verdict} {row.dashboard}: {row.name}: {row.detail}" for row in rows if not row.good
    ]


def value(stack: LocalStack, expr: str) -> float:
    """Newest value of *expr*, 0 where there is none."""
    answer = stack.ask("prometheus", "/api/v1/query", params={"query": expr}).json()
    found = answer["data"]["result"]
    return float(found[0]["value"][1]) if found else 0.0


ERRORS = (
    'sum(rate(http_server_request_duration_seconds_count{http_response_status_code=~"5.."}[10s]))'
)
REQUESTS = 'sum(rate(http_server_request_duration_seconds_count{job="gateway"}[10s]))'
SINCE = 'time() - max(process_start_time_seconds{job=~"gateway|orders|users"})'
SETTLED_SECONDS = 25.0
"""Two steps of ten seconds, of which each needs some scrapes."""


@contextmanager
def healthy(stack: LocalStack) -> Iterator[None]:
    until(lambda: value(stack, SINCE) > SETTLED_SECONDS, within_seconds=120)
    yield


@contextmanager
def error_burst(stack: LocalStack) -> Iterator[None]:
    stack.freeze("users")
    try:
        until(lambda: value(stack, ERRORS) > 0, within_seconds=120)
        yield
    finally:
        stack.thaw("users")


def without(role: str, seen_as: str) -> Callable[[LocalStack], AbstractContextManager[None]]:
    """The stack while *role* is gone, once the expression *seen_as* is 0."""

    @contextmanager
    def state(stack: LocalStack) -> Iterator[None]:
        stack.kill(role)
        try:
            until(lambda: value(stack, seen_as) == 0, within_seconds=120)
            yield
        finally:
            stack.up(role)

    return state


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack of its own: these states would disturb the others' tests."""
    with running(tmp_path_factory.mktemp("demo"), TRAFFIC_RATE="10") as stack:
        yield stack


def test_no_panel_fails_on_a_fresh_stack(demo: LocalStack) -> None:
    assert [line for line in to_mend(demo) if not line.startswith("empty")] == []


STATES = {
    "healthy": healthy,
    "error burst": error_burst,
    "service down": without("users", 'sum(up{job="users"})'),
    "idle": without("traffic", REQUESTS),
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_every_panel_shows_data_or_says_why_not(
    demo: LocalStack, state: Callable[[LocalStack], AbstractContextManager[None]]
) -> None:
    with state(demo):
        assert to_mend(demo) == []


def test_without_the_trace_backend_only_panels_of_traces_fail_and_name_it(
    demo: LocalStack,
) -> None:
    with without("jaeger", 'sum(up{job="jaeger"})')(demo):
        problems = to_mend(demo)

    assert problems
    assert [line for line in problems if "Jaeger at " not in line] == []
