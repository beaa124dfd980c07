"""Responses of the trace store and of a real Jaeger to the same spans and queries."""

import json
import time
from collections.abc import Iterator
from dataclasses import fields
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest

from sightline.config import Ports
from sightline.tracestore.ingest.otlp import spans
from tests.integration.tracestore.recorded import comparable
from tests.integration.tracestore.trace_store import PROTOBUF, TraceStore, running
from tests.jaeger.conftest import PLAIN, Jaeger, running_jaeger
from tests.jaeger.random_traces import MILLISECOND, SERVICES, traces

Pair = tuple[TraceStore, TraceStore]

END = time.time_ns()
REQUESTS = list(traces(7, 60, end=END))
IDS = [next(spans(request)).trace_id.hex() for request in REQUESTS]

WINDOW = f"start={END // 1000 - 2 * 3600 * 10**6}&end={END // 1000 + 10**7}"
TAGS = (
    {"text": "red"},
    {"text": ""},
    {"text": "größe ✓"},
    {"flag": "true"},
    {"count": "9007199254740993"},
    {"share": "1.5"},
    {"error": "true"},
    {"otel.status_code": "OK"},
    {"span.kind": "server"},
    {"event": "hit"},
    {"text": "blue", "flag": "false"},
    {"otel.status_description": "no luck", "text": "green"},
    {"service.instance.id": "cart-1"},
    {"otel.scope.name": "lib.stock"},
    {"otel.scope.version": "1.0"},
    {"nothing": "here"},
)
CONDITIONS = (
    "",
    *(f"&tags={quote(json.dumps(tags))}" for tags in TAGS),
    *("&operation=SELECT", "&operation=GET%20/items", "&operation=empty-span-name"),
    *("&minDuration=250ms", "&maxDuration=10ms", "&minDuration=100ms&maxDuration=150ms"),
    "&operation=send&minDuration=200ms",
)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Real Jaeger and trace store with the same spans."""
    ours, theirs = tmp_path_factory.mktemp("ours"), tmp_path_factory.mktemp("theirs")
    with running_jaeger(PLAIN, theirs, secrets=theirs) as jaeger, running(ours) as store:
        peer = as_store(jaeger)
        for body in (request.SerializeToString() for request in REQUESTS):
            assert peer.send(body, PROTOBUF).body == store.send(body, PROTOBUF).body
        yield peer, store


def as_store(jaeger: Jaeger) -> TraceStore:
    """Return *jaeger* with the interface of the trace store."""
    names = [field.name for field in fields(Ports)]
    ports = Ports(**{name: jaeger.ports.get(f"{name.upper()}_PORT", 0) for name in names})
    return TraceStore(ports, {}, jaeger.process)


def answers(pair: Pair, path: str) -> list[Any]:
    return [(answer.status, comparable(answer.json)) for answer in (s.ask(path) for s in pair)]


def by_trace(body: dict[str, Any]) -> dict[str, Any]:
    """Return traces by id, because the order of traces with equal times is random."""
    return {trace["traceID"]: trace for trace in comparable(body)["data"]}


@pytest.mark.parametrize("identifier", IDS)
def test_each_trace_is_equal(pair: Pair, identifier: str) -> None:
    real, ours = answers(pair, f"/api/traces/{identifier}")

    assert ours == real


@pytest.mark.parametrize(("service", "condition"), list(product(SERVICES, CONDITIONS)))
def test_each_search_returns_the_same_traces(pair: Pair, service: str, condition: str) -> None:
    path = f"/api/traces?service={service}&{WINDOW}&limit=1000{condition}"
    real, ours = (by_trace(store.ask(path).json) for store in pair)

    assert sorted(ours) == sorted(real)
    assert ours == real


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("limit", [1, 5, 20])
def test_a_limit_returns_the_same_newest_traces(pair: Pair, service: str, limit: int) -> None:
    path = f"/api/traces?service={service}&{WINDOW}&limit={limit}"
    real, ours = (list(by_trace(store.ask(path).json)) for store in pair)

    assert ours == real
    assert len(ours) == limit


@pytest.mark.parametrize(
    "path",
    [
        "/api/services",
        *(f"/api/services/{service}/operations" for service in SERVICES),
        *(f"/api/v3/operations?service={service}" for service in SERVICES),
        f"/api/dependencies?endTs={END // MILLISECOND + 10_000}&lookback=86400000",
    ],
)
def test_names_and_calls_are_equal(pair: Pair, path: str) -> None:
    real, ours = answers(pair, path)

    assert ours == real


def test_summaries_are_equal(pair: Pair) -> None:
    moments = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(END / 1e9 + s)) for s in (-7200, 9)]
    window = f"query.startTimeMin={moments[0]}&query.startTimeMax={moments[1]}"
    real, ours = (
        {s["traceId"]: s for s in store.ask(f"/api/v3/trace-summaries?{window}").json["summaries"]}
        for store in pair
    )

    assert ours == real
