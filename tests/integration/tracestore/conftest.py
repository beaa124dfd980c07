import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.tracestore.recorded import IDS, INPUT
from tests.integration.tracestore.trace_store import JSON, TraceStore, running
from tests.unit.tracestore.spans import encoded, span

SAMPLING = {
    "default_strategy": {
        "type": "probabilistic",
        "param": 1.0,
        "operation_strategies": [
            {"operation": "GET /healthz", "type": "probabilistic", "param": 0.0}
        ],
    },
    "service_strategies": [
        {
            "service": "gateway",
            "type": "probabilistic",
            "param": 0.5,
            "operation_strategies": [
                {"operation": "GET /orders/{order_id}", "type": "probabilistic", "param": 1.0},
                {"operation": "GET /metrics", "type": "probabilistic", "param": 0.0},
            ],
        },
        {"service": "users", "type": "ratelimiting", "param": 5},
    ],
}
"""Sampling file of the real Jaeger at the time of the recording."""


@pytest.fixture(scope="package")
def jaeger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TraceStore]:
    """Trace store with the spans of the recorded Jaeger; read-only."""
    folder = tmp_path_factory.mktemp("recorded")
    sampling = folder / "sampling.json"
    sampling.write_text(json.dumps(SAMPLING), encoding="utf-8")
    with running(folder, TRACESTORE_SAMPLING_FILE=str(sampling)) as store:
        assert store.send(INPUT.read_bytes(), JSON).json == {"partialSuccess": {}}
        yield store


@pytest.fixture(scope="package")
def today(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TraceStore]:
    """Trace store with the same spans, one hour old."""
    base = json.loads(IDS.read_text(encoding="utf-8"))["base_ns"]
    moved = time.time_ns() - 3600 * 10**9 - base
    request = re.sub(
        r'"(17954\d{14})"', lambda match: f'"{int(match[1]) + moved}"', INPUT.read_text("utf-8")
    )
    with running(tmp_path_factory.mktemp("today")) as store:
        store.send(request.encode(), JSON)
        yield store


@pytest.fixture(scope="package")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TraceStore]:
    """Shared trace store that tests write to."""
    with running(tmp_path_factory.mktemp("receiver")) as store:
        store.send(encoded(span(1)))
        yield store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TraceStore]:
    """Empty trace store."""
    with running(tmp_path) as started:
        yield started
