"""Several workers behind one port: every scrape tells the totals of all."""

import os
import signal

import httpx
import psutil

from tests.fakes import Collector
from tests.integration.instrumentation.conftest import OPEN_METRICS, Service, running
from tests.waiting import until

WORKERS = ("--workers", "3")


def requests(service: Service) -> float:
    """How many requests `/metrics` knows of, whichever worker answers."""
    counts = [
        line.split("} ")[1].split(" ")[0]
        for line in httpx.get(
            f"{service.client.base_url}/metrics", headers=OPEN_METRICS
        ).text.splitlines()
        if line.startswith("http_server_request_duration_seconds_count")
        and "/items/{item_id}" in line
    ]
    return sum(float(count) for count in counts)


def ask(service: Service, count: int) -> None:
    """Each request on a connection of its own, so that all workers get some."""
    for number in range(count):
        httpx.get(f"{service.client.base_url}/items/{number}")


def youngest(service: Service) -> int:
    """The process id of the worker that started last."""
    return max(child.pid for child in psutil.Process(service.process.pid).children())


def test_every_scrape_tells_the_total_of_all_workers(collector: Collector) -> None:
    with running("plain", collector, options=WORKERS) as service:
        ask(service, 60)

        assert [requests(service) for _ in range(8)] == [60.0] * 8


def test_a_total_never_goes_back_when_a_worker_dies(collector: Collector) -> None:
    with running("plain", collector, options=WORKERS) as service:
        ask(service, 60)
        assert requests(service) == 60.0

        os.kill(youngest(service), signal.SIGKILL)
        until(lambda: requests(service) >= 60.0, within_seconds=10)
        ask(service, 30)

        assert [requests(service) for _ in range(8)] == [90.0] * 8


def test_exemplars_come_from_all_workers(collector: Collector) -> None:
    with running("plain", collector, options=WORKERS) as service:
        ask(service, 10)

        assert any("/items/{item_id}" in line and "# {" in line for line in service.metrics())
