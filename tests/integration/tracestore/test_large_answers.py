"""A hostile read delays no other request, and the memory of the store stays bounded."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from sightline.tracestore.storage.trace import cut_warning
from tests.integration.tracestore import large
from tests.integration.tracestore.hostile import assert_undisturbed, calmest
from tests.integration.tracestore.trace_store import Answer, TraceStore, running
from tests.unit.tracestore.spans import encoded, span

EVER = "query.startTimeMin=1970-01-01T00:00:00Z&query.startTimeMax=2262-01-01T00:00:00Z"
KINDS = {
    "fat": large.fat_spans,
    "deep": large.deep_trace,
    "heavy": large.heavy_resource,
    "named": large.named_scope,
    "tagged": large.tagged_spans,
    "resources": large.tagged_resources,
    "linked": large.linked_span,
    "quoted": large.quoted_spans,
    "names": large.names,
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TraceStore]:
    """Trace store with every kind of large trace."""
    with running(tmp_path_factory.mktemp("library")) as store:
        store.send(encoded(span(0xABCDEF)))
        for kind in KINDS.values():
            for sent in kind():
                assert store.send(sent.SerializeToString()).status == 200
        yield store


def ids(first: int) -> str:
    return "&".join(f"traceID={number:x}" for number in range(first, first + 100))


PATHS = {
    "search": "/api/traces?service=fat&start=0&limit=1500",
    "search v3": f"/api/v3/traces?query.serviceName=fat&query.searchDepth=1500&{EVER}",
    "summaries": f"/api/v3/trace-summaries?query.serviceName=fat&query.searchDepth=1500&{EVER}",
    "summary of a deep trace": f"/api/v3/trace-summaries?query.serviceName=deep&{EVER}",
    "ids": f"/api/traces?{ids(large.FAT)}",
    "deep trace": f"/api/traces/{large.DEEP:x}",
    "deep trace v3": f"/api/v3/traces/{large.DEEP:x}",
    "comparison": f"/trace/{large.DEEP:x}...{large.TAGGED:x}",
    "heavy resource": f"/api/traces/{large.HEAVY:x}",
    "heavy resource v3": f"/api/v3/traces/{large.HEAVY:x}",
    "named scope": f"/api/traces/{large.NAMED:x}",
    "named scope v3": f"/api/v3/traces/{large.NAMED:x}",
    "tags": f"/api/traces/{large.TAGGED:x}",
    "tags v3": f"/api/v3/traces/{large.TAGGED:x}",
    "tagged resources": f"/api/traces/{large.RESOURCES:x}",
    "tagged resources v3": f"/api/v3/traces/{large.RESOURCES:x}",
    "link": f"/api/v3/traces/{large.LINKED:x}",
    "quotes": f"/api/v3/traces/{large.QUOTED:x}",
    "services": "/api/services",
    "operations": "/api/services/names/operations",
    "operations with kinds": "/api/operations?service=names",
    "operations v3": "/api/v3/operations?service=names",
    "dependencies": "/api/dependencies?lookback=9999999999",
}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_a_large_read_delays_no_other_request(library: TraceStore, path: str) -> None:
    answer, others = calmest(library, lambda: library.ask(path))

    assert answer.status == 200
    assert_undisturbed(library, others)


@contextmanager
def asking(store: TraceStore, path: str, count: int) -> Iterator[list[socket.socket]]:
    """Connections that have asked for *path* each, for the duration of the block."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with ExitStack() as opened:
        address = ("127.0.0.1", store.ports.jaeger_query)
        clients = [opened.enter_context(socket.create_connection(address)) for _ in range(count)]
        for client in clients:
            client.sendall(request)
        yield clients


@pytest.mark.parametrize("name", ["deep trace", "search"])
def test_many_clients_delay_no_other_read(library: TraceStore, name: str) -> None:
    def attack() -> Answer:
        with asking(library, PATHS[name], 300):
            return library.ask("/api/traces/abcdef")

    answer, others = calmest(library, attack)

    assert answer.status == 200
    assert_undisturbed(library, others)


def test_clients_that_do_not_read_have_a_limit_in_sum(library: TraceStore) -> None:
    def attack() -> None:
        with asking(library, PATHS["search"], 12) as clients:
            for client in clients:
                client.recv(1)

    _, others = calmest(library, attack)

    assert_undisturbed(library, others)


def test_a_trace_that_is_too_large_has_its_earliest_spans_and_a_warning(
    library: TraceStore,
) -> None:
    (trace,) = library.ask(PATHS["deep trace"]).json["data"]

    spans = trace["spans"]
    ids = sorted(int(shown["spanID"], 16) for shown in spans)
    warnings = [shown["warnings"] for shown in spans if shown["warnings"]]
    assert ids == list(range(len(ids)))
    assert len(ids) >= 10_000
    assert warnings == [[cut_warning(len(ids))]]


def test_ids_that_have_no_room_are_reported(library: TraceStore) -> None:
    answer = library.ask(PATHS["ids"]).json

    found = {trace["traceID"] for trace in answer["data"]}
    errors = {error["traceID"]: error["msg"] for error in answer["errors"]}
    assert len(found) + len(errors) == 100
    assert set(errors.values()) == {"the response is too large: ask for fewer traces"}


@pytest.mark.parametrize(
    ("number", "warning"),
    [
        (large.LINKED, "the span is larger than 2 MiB; its attributes, events and links are not"),
        (large.TAGGED, "the span has more than 50000 attributes, events and links; they are not"),
        (large.RESOURCES, "resource and scope are too large for the response; their attributes"),
    ],
)
def test_what_is_not_shown_has_a_warning(library: TraceStore, number: int, warning: str) -> None:
    (trace,) = library.ask(f"/api/traces/{number:x}").json["data"]

    shown = trace["spans"][-1]
    assert shown["operationName"] == "GET /"
    assert [text[: len(warning)] for text in shown["warnings"]][:1] == [warning]


def test_usual_names_are_listed_beside_long_ones(library: TraceStore) -> None:
    library.send(encoded(span(0xFED, "GET /usual"), service="names"))

    assert "GET /usual" in library.ask(PATHS["operations"]).json["data"]
