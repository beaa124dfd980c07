"""A hostile request delays no other, and the memory of the store stays bounded."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import cycle, islice
from pathlib import Path

import grpc
import pytest

from tests.integration.tracestore import hostile
from tests.integration.tracestore.hostile import (
    MAX_MB,
    MAX_SECONDS,
    assert_undisturbed,
    calmest,
    peak_mb,
)
from tests.integration.tracestore.trace_store import (
    JSON,
    PROTOBUF,
    Answer,
    TraceStore,
    running,
    stop,
)
from tests.unit.tracestore.spans import encoded, span
from tests.waiting import until

MAX_SCRAPE_BYTES = 2_000_000
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TraceStore]:
    """Trace store that all attacks of this file hit."""
    with running(tmp_path_factory.mktemp("victim")) as store:
        store.send(encoded(span(0xABCDEF)))
        yield store


@pytest.mark.parametrize(
    ("name", "content_type", "encoding", "status"),
    [
        ("empty spans", PROTOBUF, "gzip", 413),
        ("spans with ids", PROTOBUF, "", 413),
        ("empty resources", PROTOBUF, "", 413),
        ("empty JSON objects", JSON, "", 413),
        ("JSON numbers", JSON, "", 413),
        ("gzip members", PROTOBUF, "gzip", 400),
        ("invalid tags", PROTOBUF, "", 400),
        ("fields that are no items", PROTOBUF, "", 413),
        ("JSON strings", JSON, "", 400),
    ],
)
def test_a_hostile_body_delays_no_other_request(
    victim: TraceStore, name: str, content_type: str, encoding: str, status: int
) -> None:
    body = hostile.BODIES[name]()

    answer, others = calmest(
        victim, lambda: victim.send(body, content_type, Content_Encoding=encoding)
    )

    assert answer.status == status
    assert_undisturbed(victim, others)


@pytest.mark.parametrize("name", hostile.FILES)
def test_a_large_upload_delays_no_other_request(victim: TraceStore, name: str) -> None:
    body = hostile.FILES[name]()

    answer, others = calmest(victim, lambda: victim.ask("/api/transform", method="POST", body=body))

    assert answer.status == 200
    assert_undisturbed(victim, others)


def test_a_request_of_many_spans_is_stored_beside_others(victim: TraceStore) -> None:
    body = hostile.many_spans(20_000).SerializeToString()

    answer, others = calmest(victim, lambda: victim.send(body))

    assert answer.status == 200
    assert_undisturbed(victim, others)


def test_many_small_spans_in_many_requests_delay_no_other_request(tmp_path: Path) -> None:
    usual = hostile.many_spans(512).SerializeToString()

    def attack() -> Answer:
        with hostile.requests(store, hostile.SMALL_BUT_MANY, 20):
            return store.send(usual)

    with running(tmp_path) as store:
        store.send(encoded(span(0xABCDEF)))
        answer, others = calmest(store, attack)

        assert answer.status == 200
        assert_undisturbed(store, others)


def test_unfinished_bodies_have_a_limit_in_sum(victim: TraceStore) -> None:
    honest = hostile.many_spans(3000).SerializeToString()

    def attack() -> tuple[Answer, bytes]:
        with hostile.unfinished_bodies(victim, 40) as clients:
            answer, refusal = victim.send(honest), b""
            with suppress(ConnectionError):
                refusal = clients[0].recv(1000)
            return answer, refusal[:12]

    (answer, refusal), others = calmest(victim, attack)

    assert answer.status == 200
    assert refusal in {b"HTTP/1.1 503", b""}
    assert_undisturbed(victim, others)


def test_refused_bodies_do_not_wait_for_the_garbage_collector(tmp_path: Path) -> None:
    with running(tmp_path, wrapper=hostile.WITHOUT_GARBAGE_COLLECTOR) as store:
        with hostile.unfinished_bodies(store, 40):
            pass
        statuses = {store.send(hostile.UNFINISHED_JSON, JSON).status for _ in range(15)}

        assert statuses == {400}
        assert peak_mb(store) < MAX_MB


@pytest.mark.parametrize(("calls", "connections"), [(100, 1), (400, 50), (600, 600)])
def test_grpc_requests_at_the_same_time_have_a_limit_in_sum(
    tmp_path: Path, calls: int, connections: int
) -> None:
    with running(tmp_path) as store, ExitStack() as opened:
        clients = [opened.enter_context(hostile.grpc_client(store)) for _ in range(connections)]
        sending = islice(cycle(clients), calls)
        sent = [client.future(hostile.UNFINISHED_PROTOBUF) for client in sending]
        codes = {call.code() for call in sent}

        assert codes <= {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE}
        assert peak_mb(store) < MAX_MB


@pytest.mark.parametrize(("count", "size"), [(400, 60_000), (2000, 300)])
def test_names_of_spans_do_not_grow_the_span_metrics(
    victim: TraceStore, count: int, size: int
) -> None:
    bodies = hostile.long_names(count, size)

    statuses, others = calmest(victim, lambda: {victim.send(body).status for body in bodies})
    port = victim.ports.jaeger_span_metrics
    pages = [victim.metrics(port, accept) for accept in ("", OPEN_METRICS)]

    assert statuses == {200}
    assert max(len(page.encode()) for page in pages) <= MAX_SCRAPE_BYTES
    assert_undisturbed(victim, others)


@pytest.mark.parametrize(
    "query",
    [
        "service=shop&" + "&".join(f"tag=k{number}:v" for number in range(1500)),
        "&".join(f"traceID={number:x}" for number in range(1, 3000)),
    ],
    ids=["tags", "trace ids"],
)
def test_a_query_of_many_parts_is_refused(victim: TraceStore, query: str) -> None:
    answer, others = calmest(victim, lambda: victim.ask(f"/api/traces?{query}"))

    assert answer.status == 400
    assert "expected at most" in answer.json["errors"][0]["msg"]
    assert others.longest_seconds < MAX_SECONDS


def test_a_search_for_everything_has_a_bounded_answer(victim: TraceStore) -> None:
    path = "/api/traces?service=shop&start=0&limit=1000000000"

    answer, others = calmest(victim, lambda: victim.ask(path))

    assert len(answer.json["data"]) <= 1500
    assert others.longest_seconds < MAX_SECONDS
    assert peak_mb(victim) < MAX_MB


def test_unfinished_requests_end_quietly(tmp_path: Path) -> None:
    log = tmp_path / "store.log"
    logged = ("sh", "-c", 'exec "$@" 2> "$0"', str(log))
    with running(tmp_path, wrapper=logged) as store, hostile.grpc_stream(store) as send:
        address = ("127.0.0.1", store.ports.otlp_http)
        with hostile.unfinished_bodies(store, 2), socket.create_connection(address) as client:
            client.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\n")
            calls = [send.future(hostile.never()) for _ in range(3)]
            stop(store.process)

            codes = {call.code() for call in calls}

    assert codes <= {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
    assert log.read_text("utf-8") == ""


def test_exhausted_file_descriptors_do_not_fill_the_log(tmp_path: Path) -> None:
    log = tmp_path / "store.log"
    limited = ("sh", "-c", 'ulimit -n 128; exec "$@" 2> "$0"', str(log))
    with running(tmp_path, wrapper=limited) as store:
        with ExitStack() as opened:
            address = ("127.0.0.1", store.ports.otlp_http)
            for _ in range(200):
                opened.enter_context(socket.create_connection(address))
            until(lambda: "out of system resource" in log.read_text("utf-8"), within_seconds=30)
        until(lambda: store.send(encoded(span(1))).status == 200, within_seconds=30)

    assert log.read_text("utf-8").count("out of system resource") <= 10
