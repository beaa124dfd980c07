"""A response 200 means that the spans are stored durably."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.tracestore.trace_store import TraceStore, running
from tests.unit.tracestore.spans import encoded, span


def test_acknowledged_spans_survive_sigkill(tmp_path: Path) -> None:
    with running(tmp_path) as store:
        statuses = [store.send(encoded(span(number))).status for number in range(1, 51)]
        store.kill()

    with running(tmp_path) as again:
        found = [again.ask(f"/api/traces/{number:x}").status for number in range(1, 51)]
    assert statuses == found == [200] * 50


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_store_despite_a_connected_client(
    tmp_path: Path, number: signal.Signals
) -> None:
    with running(tmp_path) as store:
        client = socket.create_connection(("127.0.0.1", store.ports.otlp_http))
        store.process.send_signal(number)
        with client:
            assert store.process.wait(timeout=30) == 0


def test_the_oldest_spans_are_dropped_when_the_store_is_full(tmp_path: Path) -> None:
    with running(tmp_path, TRACESTORE_MAX_SPANS="80") as store:
        statuses = [store.send(encoded(span(number))).status for number in range(1, 201)]
        found = [store.ask(f"/api/traces/{number:x}").status for number in range(1, 201)]

    assert set(statuses) == {200}
    assert 70 <= found.count(200) <= 80
    assert found == sorted(found, reverse=True)
    assert len(list(tmp_path.glob("traces.*.db"))) == 8


def test_expired_spans_are_dropped(tmp_path: Path) -> None:
    old = time.time() - 7200
    with running(tmp_path) as store:
        store.send(encoded(span(1)))
    (file,) = tmp_path.glob("traces.*.db")
    os.utime(file, (old, old))

    with running(tmp_path, TRACESTORE_MAX_AGE_SECONDS="3600") as store:
        store.send(encoded(span(2)))
        found = [store.ask(f"/api/traces/{number}").status for number in (1, 2)]

    assert found == [404, 200]


def test_a_port_in_use_is_reported_and_nothing_starts(store: TraceStore, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "sightline.tracestore"],
        env={**os.environ, **store.environ, "TRACESTORE_PATH": str(tmp_path / "second.db")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 1
    assert f"127.0.0.1:{store.ports.otlp_http}: cannot listen" in result.stderr
    assert not list(tmp_path.glob("second*"))
