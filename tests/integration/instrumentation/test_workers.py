"""Several workers behind one port: every scrape tells the totals of all."""

import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from threading import Event

import httpx
import psutil
import pytest

from tests.fakes import Collector
from tests.integration.instrumentation.conftest import OPEN_METRICS, Service, running
from tests.waiting import until

WORKERS = ("--workers", "3")
PAIR = ("--workers", "2")


COUNT = re.compile(r'_server_request_duration_seconds_count\{.*"/items/\{item_id\}".*\} (\S+)')


def requests(service: Service, path: str = "/metrics") -> float:
    """How many requests the page knows of, whichever worker answers."""
    return sum(map(float, COUNT.findall(answer(service, path).text)))


def answer(service: Service, path: str) -> httpx.Response:
    """On a connection of its own; a worker that is being replaced may close one without a word."""
    url = f"{service.client.base_url}{path}"
    return until(lambda: attempt(url), within_seconds=60)


def attempt(url: str) -> httpx.Response:
    """One attempt.

    Raises:
        OSError: No answer came.
    """
    try:
        return httpx.get(url, headers=OPEN_METRICS, timeout=30).raise_for_status()
    except httpx.TransportError as error:
        raise OSError(url) from error


def ask(service: Service, count: int) -> None:
    """So many requests, that all workers get some."""
    for number in range(count):
        answer(service, f"/items/{number}")


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


@contextmanager
def scraped(service: Service) -> Iterator[list[float]]:
    """What scrapes showed, one right after the other until the end of the block."""
    totals: list[float] = []
    over = Event()

    def scrape() -> None:
        while not over.is_set():
            totals.append(requests(service))

    with ThreadPoolExecutor() as pool:
        scraping = pool.submit(scrape)
        try:
            yield totals
        finally:
            over.set()
        scraping.result()


def test_no_total_goes_back_while_workers_come_and_go(collector: Collector) -> None:
    recycled = ("--limit-max-requests", "50")
    with running("plain", collector, options=(*WORKERS, *recycled)) as service:
        first = youngest(service)
        with scraped(service) as one, scraped(service) as other:
            ask(service, 60)
            until(lambda: youngest(service) > first, within_seconds=30)

        final = [requests(service) for _ in range(4)]

    assert min(final) == max(final) >= 60.0
    assert all(before <= after for totals in (one, other) for before, after in pairwise(totals))


def test_a_worker_that_hangs_counts_with_what_it_said_last(collector: Collector) -> None:
    with running("plain", collector, options=WORKERS) as service:
        ask(service, 60)
        before = requests(service)
        hanging = psutil.Process(youngest(service))
        hanging.suspend()

        until(lambda: requests(service) == 60.0, within_seconds=30)
        hanging.resume()

        assert before == 60.0
        assert [requests(service) for _ in range(4)] == [60.0] * 4


def test_exemplars_come_from_all_workers(collector: Collector) -> None:
    with running("plain", collector, options=WORKERS) as service:
        ask(service, 10)

        assert any("/items/{item_id}" in line and "# {" in line for line in service.metrics())


def test_a_page_of_ones_own_shows_all_workers_too(collector: Collector) -> None:
    with running("with_own_page", collector, options=PAIR) as service:
        ask(service, 30)

        assert [requests(service, "/own/metrics/") for _ in range(8)] == [30.0] * 8


def test_workers_meet_where_the_server_tells_of_no_start(collector: Collector) -> None:
    with running("plain", collector, options=(*PAIR, "--lifespan", "off")) as service:
        ask(service, 30)

        assert [requests(service) for _ in range(8)] == [30.0] * 8


def test_workers_meet_where_paths_are_long(collector: Collector, tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()

    with running("plain", collector, options=PAIR, TMPDIR=str(deep)) as service:
        ask(service, 30)

        assert [requests(service) for _ in range(8)] == [30.0] * 8


def test_workers_that_cannot_meet_say_so_once_each(
    collector: Collector, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / f"sightline-workers-{os.getuid()}").symlink_to(tmp_path.parent)

    with running("plain", collector, options=PAIR, TMPDIR=str(tmp_path)) as service:
        ask(service, 30)
        shown = [requests(service) for _ in range(8)]
        metrics = service.metrics()

    assert max(shown) <= 30.0
    assert 'sightline_internal_errors_total{operation="workers_join"} 1.0' in metrics
    assert capfd.readouterr().err.count("remove it, or set TMPDIR") == 2


def test_files_of_prometheus_client_are_warned_of(
    collector: Collector, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with running(
        "plain", collector, options=PAIR, PROMETHEUS_MULTIPROC_DIR=str(tmp_path)
    ) as service:
        ask(service, 30)
        shown = [requests(service) for _ in range(8)]

    assert shown == [30.0] * 8
    assert capfd.readouterr().err.count("PROMETHEUS_MULTIPROC_DIR is set") == 2
