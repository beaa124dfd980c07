"""Each container killed in turn under load: only this one is affected, and it recovers."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest

from demo_services.graph import CALLS
from tests.docker.engine import Project
from tests.docker.test_stack import get, request_traced
from tests.waiting import until

SERVICES = (*CALLS, "jaeger", "prometheus", "alertmanager", "grafana")

Urls = dict[str, str]

_LOG = logging.getLogger(__name__)
"""Logger of the recovery times: ``pytest tests/docker --log-cli-level=INFO``."""


def restarts(stack: Project) -> dict[str, int]:
    """Return the number of restarts of each container."""
    return {name: stack.inspect(name)["RestartCount"] for name in SERVICES}


def healthy(stack: Project, service: str) -> bool:
    state = stack.inspect(service)["State"]
    return bool(state["Running"]) and state["Health"]["Status"] == "healthy"


@contextmanager
def stopped(stack: Project, service: str) -> Iterator[None]:
    stack.compose("stop", "-t", "5", service)
    try:
        yield
    finally:
        stack.up()


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_container_restarts_and_affects_no_other(
    stack: Project, urls: Urls, service: str
) -> None:
    before, killed_at = restarts(stack), time.monotonic()

    stack.kill(service)
    until(lambda: restarts(stack)[service] == before[service] + 1, within_seconds=90)
    until(lambda: healthy(stack, service), within_seconds=120)

    _LOG.info("%s: healthy again after %.1f s", service, time.monotonic() - killed_at)
    request_traced(urls, f"{SERVICES.index(service) + 1:032x}")
    _LOG.info("%s: a trace is whole after %.1f s", service, time.monotonic() - killed_at)
    assert restarts(stack) == {**before, service: before[service] + 1}
    assert [name for name in SERVICES if not healthy(stack, name)] == []


def statuses(urls: Urls, job: str, since: datetime) -> set[str]:
    """Return the statuses of the alerts for *job* that the inbox received after *since*."""
    entries = get(f"{urls['control']}/api/alerts").json()["alerts"]
    return {
        entry["status"]
        for entry in entries
        if entry["labels"].get("job") == job
        and datetime.fromisoformat(entry["received_at"]) > since
    }


def test_the_inbox_receives_an_alert_for_a_stopped_service(stack: Project, urls: Urls) -> None:
    def active() -> set[str]:
        alerts = get(f"{urls['alertmanager']}/api/v2/alerts").json()
        return {alert["labels"].get("job", "") for alert in alerts}

    began = datetime.now(UTC)
    with stopped(stack, "users"):
        until(lambda: "users" in active(), within_seconds=120)
        until(lambda: "firing" in statuses(urls, "users", began), within_seconds=120)

    returned = datetime.now(UTC)
    until(lambda: "resolved" in statuses(urls, "users", returned), within_seconds=180)


def test_the_shop_works_during_a_telemetry_outage(stack: Project, urls: Urls) -> None:
    with stopped(stack, "jaeger"):
        answers = [
            httpx.get(f"{urls['gateway']}/api/orders/{number}", timeout=10).status_code
            for number in range(20, 60)
        ]

    assert set(answers) == {200}
    request_traced(urls, "00000000000000000000000000c0ffee")
