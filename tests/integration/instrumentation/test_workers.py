"""Several workers behind one port: every scrape returns the sum of all."""

import os
import re
import resource
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

GAUGE = re.compile(r"^(process_\S+) (\S+)$", re.MULTILINE)
EXITS = "process_worker_exits_total"


def requests(service: Service, path: str = "/metrics") -> float:
    """Return the number of requests on the page, scraped from any worker."""
    return sum(map(float, COUNT.findall(answer(service, path).text)))


def totals(service: Service, expected: float, path: str = "/metrics") -> list[float]:
    """Return eight scrapes once one is *expected*, because a response can precede its count."""
    until(lambda: requests(service, path) >= expected, within_seconds=60)
    return [requests(service, path) for _ in range(8)]


def answer(service: Service, path: str) -> httpx.Response:
    """Send a GET on a new connection, with retries: a worker being replaced may close one."""
    url = f"{service.client.base_url}{path}"
    return until(lambda: attempt(url), within_seconds=60)


def attempt(url: str) -> httpx.Response:
    """Send one GET.

    Raises:
        OSError: There was no response.
    """
    try:
        return httpx.get(url, headers=OPEN_METRICS, timeout=30).raise_for_status()
    except httpx.TransportError as error:
        raise OSError(url) from error


def gauges(service: Service) -> dict[str, float]:
    """Return the metrics of processes on the page, by name and labels."""
    return {name: float(value) for name, value in GAUGE.findall(answer(service, "/metrics").text)}


def gauges_of_all(service: Service, workers: int) -> dict[str, float]:
    """Return the metrics of processes once that many workers have started."""
    until(lambda: gauges(service)["process_worker_count"] == workers, within_seconds=30)
    return gauges(service)


def send_requests(service: Service, count: int) -> None:
    """Send *count* requests on separate connections, so that every worker gets some."""
    for number in range(count):
        answer(service, f"/items/{number}")


def youngest(service: Service) -> int:
    """Return the process id of the worker that started last."""
    return max(child.pid for child in psutil.Process(service.process.pid).children())


def test_every_scrape_returns_the_sum_of_all_workers(collector: Collector) -> None:
    with running("plain", collector, options=WORKERS) as service:
        send_requests(service, 60)

        assert totals(service, 60.0) == [60.0] * 8


def test_no_total_decreases_when_a_worker_dies(collector: Collector) -> None:
    with running("plain", collector, options=WORKERS) as service:
        send_requests(service, 60)
        until(lambda: requests(service) == 60.0, within_seconds=10)

        os.kill(youngest(service), signal.SIGKILL)
        until(lambda: requests(service) >= 60.0, within_seconds=10)
        send_requests(service, 30)

        assert totals(service, 90.0) == [90.0] * 8


@contextmanager
def continuous_scrapes(service: Service) -> Iterator[list[float]]:
    """Scrape continuously in the block, and yield the list of results."""
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


def test_no_total_decreases_while_workers_are_replaced(collector: Collector) -> None:
    recycled = ("--limit-max-requests", "50")
    with running("plain", collector, options=(*WORKERS, *recycled)) as service:
        first = youngest(service)
        with continuous_scrapes(service) as one, continuous_scrapes(service) as other:
            send_requests(service, 60)
            until(lambda: youngest(service) > first, within_seconds=30)

        final = [requests(service) for _ in range(4)]

    assert min(final) == max(final) >= 60.0
    assert all(before <= after for totals in (one, other) for before, after in pairwise(totals))


def test_the_page_has_the_number_of_workers_and_the_worst_of_them(collector: Collector) -> None:
    with running("plain", collector, options=WORKERS) as service:
        found = gauges_of_all(service, 3)

    assert 0 < found["process_worker_file_descriptor_utilization_ratio"] < 1
    assert found["process_max_fds"] == 3 * resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert found["process_worker_cpu_utilization_ratio"] >= 0
    assert found["process_worker_event_loop_delay_p99_seconds"] >= 0
    assert 0 < found["process_memory_pss_bytes"] < found["process_resident_memory_bytes"]


def test_one_process_has_no_gauges_of_workers(collector: Collector) -> None:
    with running("plain", collector) as service:
        found = gauges(service)

    assert {name for name in found if "_worker_" in name} == {"process_worker_count"}


def test_the_start_stays_while_workers_are_replaced_and_killed(collector: Collector) -> None:
    recycled = ("--limit-max-requests", "50")
    with running("plain", collector, options=(*WORKERS, *recycled)) as service:
        before = gauges_of_all(service, 3)
        os.kill(youngest(service), signal.SIGKILL)
        until(lambda: gauges(service)[f'{EXITS}{{error_type="killed"}}'] == 1, within_seconds=30)
        send_requests(service, 200)
        until(lambda: gauges(service)[f'{EXITS}{{error_type=""}}'] >= 1, within_seconds=30)
        after = gauges(service)

    assert after["process_start_time_seconds"] == before["process_start_time_seconds"]
    assert after[f'{EXITS}{{error_type="killed"}}'] == 1


def test_a_worker_that_hangs_counts_with_its_last_snapshot(collector: Collector) -> None:
    with running("plain", collector, options=WORKERS) as service:
        send_requests(service, 60)
        before = requests(service)
        hanging = psutil.Process(youngest(service))
        hanging.suspend()

        until(lambda: requests(service) == 60.0, within_seconds=30)
        hanging.resume()

        assert before == 60.0
        assert [requests(service) for _ in range(4)] == [60.0] * 4


def test_exemplars_come_from_all_workers(collector: Collector) -> None:
    with running("plain", collector, options=WORKERS) as service:
        send_requests(service, 10)

        assert any("/items/{item_id}" in line and "# {" in line for line in service.metrics())


def test_an_additional_page_includes_all_workers(collector: Collector) -> None:
    with running("with_own_page", collector, options=PAIR) as service:
        send_requests(service, 30)

        assert totals(service, 30.0, "/own/metrics/") == [30.0] * 8


def test_workers_find_each_other_without_a_lifespan(collector: Collector) -> None:
    with running("plain", collector, options=(*PAIR, "--lifespan", "off")) as service:
        send_requests(service, 30)

        assert totals(service, 30.0) == [30.0] * 8


def test_workers_find_each_other_in_a_directory_with_a_long_path(
    collector: Collector, tmp_path: Path
) -> None:
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()

    with running("plain", collector, options=PAIR, TMPDIR=str(deep)) as service:
        send_requests(service, 30)

        assert totals(service, 30.0) == [30.0] * 8


def test_workers_without_a_shared_directory_log_it_once_each(
    collector: Collector, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / f"sightline-workers-{os.getuid()}").symlink_to(tmp_path.parent)

    with running("plain", collector, options=PAIR, TMPDIR=str(tmp_path)) as service:
        send_requests(service, 30)
        shown = [requests(service) for _ in range(8)]
        metrics = service.metrics()

    assert max(shown) <= 30.0
    assert 'sightline_internal_errors_total{operation="workers_join"} 1.0' in metrics
    assert capfd.readouterr().err.count("remove it, or set TMPDIR") == 2


def test_the_multiprocess_mode_of_prometheus_client_logs_a_warning(
    collector: Collector, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with running(
        "plain", collector, options=PAIR, PROMETHEUS_MULTIPROC_DIR=str(tmp_path)
    ) as service:
        send_requests(service, 30)
        shown = totals(service, 30.0)

    assert shown == [30.0] * 8
    assert capfd.readouterr().err.count("PROMETHEUS_MULTIPROC_DIR is set") == 2
