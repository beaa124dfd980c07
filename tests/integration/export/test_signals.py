"""A service exports its last spans when a signal stops it, under every server."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from tests.fakes import BLACKHOLE, CLOSED, Collector, Fault
from tests.integration.export.test_forks import emitters
from tests.ports import free_ports
from tests.waiting import until

UVICORN = ["uvicorn", "shop:app", "--port", "{port}", "--no-access-log"]
GUNICORN = ["gunicorn", "shop:app", "-k", "uvicorn_worker.UvicornWorker", "-b", "127.0.0.1:{port}"]
SERVERS = {
    "uvicorn": UVICORN,
    "uvicorn, two workers": [*UVICORN, "--workers", "2"],
    "gunicorn, two workers": [*GUNICORN, "--workers", "2"],
    "gunicorn, preloaded": [*GUNICORN, "--workers", "2", "--preload"],
}
RECYCLING = {
    "uvicorn": [*UVICORN, "--workers", "2", "--limit-max-requests", "10"],
    "gunicorn": [*GUNICORN, "--workers", "2", "--max-requests", "10"],
}
"""Servers that replace a worker after a number of requests."""

RETRYING = HTTPAdapter(max_retries=Retry(10, backoff_factor=0.1))
"""Adapter that retries when an exiting worker closes the connection."""

REQUESTS = 40


class Shops:
    """Factory of servers of `shop`; kills them at the end."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._stack = ExitStack()

    def __call__(self, command: list[str]) -> "Shop":
        """Return a server that is ready."""
        (port,) = free_ports(1)
        shop = Shop([part.format(port=port) for part in command], port, self._collector)
        self._stack.callback(shop.kill)
        until(shop.answers, within_seconds=60)
        return shop

    def close(self) -> None:
        """Kill all servers."""
        self._stack.close()


class Shop:
    """Server in its own process group."""

    def __init__(self, command: list[str], port: int, collector: Collector) -> None:
        self.answered_by: list[int] = []
        """Process id of each response."""
        self._url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=Path(__file__).parent,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(__file__).parents[3]),
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.http_endpoint,
                "OTEL_BSP_SCHEDULE_DELAY": "60000",
                "OTEL_SERVICE_NAME": "shop",
            },
            start_new_session=True,
        )

    def answers(self) -> bool:
        """Return whether it is up; a scrape creates no span."""
        return requests.get(f"{self._url}/metrics", timeout=30).ok

    def request(self, times: int) -> int:
        """Send *times* requests; return the number of responses."""
        return sum(self.worker() > 0 for _ in range(times))

    def worker(self) -> int:
        """Return the process id of the worker that answered."""
        with requests.Session() as session:
            session.mount(self._url, RETRYING)
            answer = session.get(f"{self._url}/pid", timeout=60)
        answer.raise_for_status()
        self.answered_by.append(int(answer.text))
        return self.answered_by[-1]

    @contextmanager
    def ticks(self) -> Iterator[Iterator[bytes]]:
        """Open an endless response."""
        with requests.get(f"{self._url}/ticks", stream=True, timeout=60) as answer:
            yield answer.iter_lines(chunk_size=1)

    def stop(self, sign: signal.Signals) -> float:
        """Send *sign* to the main process; return the seconds until it exited."""
        started = time.monotonic()
        self._process.send_signal(sign)
        self._process.wait(60)
        return time.monotonic() - started

    def interrupt(self) -> None:
        """Send SIGINT to the process group, like a terminal."""
        os.killpg(self._process.pid, signal.SIGINT)
        self._process.wait(60)

    def kill(self) -> None:
        """Kill the server if it runs."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@pytest.fixture
def shops(collector: Collector) -> Iterator[Shops]:
    shops = Shops(collector)
    yield shops
    shops.close()


@pytest.mark.parametrize("command", SERVERS.values(), ids=SERVERS.keys())
def test_sigterm_loses_no_span(collector: Collector, shops: Shops, command: list[str]) -> None:
    shop = shops(command)

    assert shop.request(REQUESTS) == REQUESTS
    seconds = shop.stop(signal.SIGTERM)

    assert len(collector.spans) == REQUESTS
    assert seconds < 30


@pytest.mark.parametrize("command", SERVERS.values(), ids=SERVERS.keys())
def test_ctrl_c_loses_no_span(collector: Collector, shops: Shops, command: list[str]) -> None:
    shop = shops(command)

    assert shop.request(REQUESTS) == REQUESTS
    shop.interrupt()

    assert len(collector.spans) == REQUESTS


def test_a_response_that_is_cut_off_by_the_shutdown_keeps_its_span(
    collector: Collector, shops: Shops
) -> None:
    shop = shops([*UVICORN, "--timeout-graceful-shutdown", "1"])

    with shop.ticks() as stream:
        next(stream)
        shop.stop(signal.SIGTERM)

    assert [span.name for span in collector.spans] == ["GET /ticks"]


@pytest.mark.parametrize("command", RECYCLING.values(), ids=RECYCLING.keys())
def test_a_worker_that_is_replaced_loses_no_span(
    collector: Collector, shops: Shops, command: list[str]
) -> None:
    shop = shops(command)

    until(lambda: shop.worker() and len(set(shop.answered_by)) > 2, within_seconds=60)
    shop.stop(signal.SIGTERM)

    assert len(collector.spans) >= len(shop.answered_by)


@pytest.mark.parametrize("command", SERVERS.values(), ids=SERVERS.keys())
def test_each_worker_has_its_identity(
    collector: Collector, shops: Shops, command: list[str]
) -> None:
    shop = shops(command)
    shop.request(REQUESTS)
    shop.stop(signal.SIGTERM)

    origins = set(emitters(collector))

    assert {process for process, _ in origins} == set(shop.answered_by)
    assert len({instance for _, instance in origins}) == len(set(shop.answered_by))


@pytest.mark.parametrize("fault", [CLOSED, BLACKHOLE], ids=["dead", "hanging"])
def test_sigterm_ends_the_service_in_time_without_a_collector(
    collector: Collector, shops: Shops, fault: Fault
) -> None:
    shop = shops(UVICORN)
    collector.misbehave(fault)
    shop.request(REQUESTS)

    assert shop.stop(signal.SIGTERM) < 20  # three for the spans, a margin for a loaded machine
