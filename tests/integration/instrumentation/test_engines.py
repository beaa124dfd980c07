"""Attributes of the default engine compared with those of the two others.

Permitted differences are listed here with their reason; everything else is equal.
"""

import pytest

from tests.fakes import Collector
from tests.integration.instrumentation.conftest import attributes, running

PARENT = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}

CORPUS = (
    ("GET", "/items/1"),
    ("GET", "/items/not-a-number"),
    ("GET", "/items/1?page=2&q=a%20b"),
    ("POST", "/items"),
    ("DELETE", "/items/1"),
    ("HEAD", "/items/1"),
    ("GET", "/house/shelves/2"),
    ("GET", "/boom"),
    ("GET", "/teapot"),
    ("GET", "/unavailable"),
    ("GET", "/stream"),
    ("GET", "/nowhere"),
    ("PURGE", "/items/1"),
)

DIFFERENCES = {
    "contrib": {
        "client.port": "another connection",
        "network.peer.address": "contrib omits it",
        "network.peer.port": "contrib omits it",
        "server.port": "another service",
        "server.address": "contrib includes the port",
        "error.type": "contrib has the status code, we have the exception",
    },
    "fastapi": {
        "client.port": "FastAPI omits it",
        "client.address": "FastAPI omits it",
        "network.peer.address": "FastAPI omits it",
        "network.peer.port": "FastAPI omits it",
        "user_agent.original": "FastAPI omits it",
        "server.port": "another service",
        "url.query": "FastAPI encodes it again; we keep it as sent",
    },
}
"""Reason by attribute that differs, by engine."""


def observe_spans(factory: str, collector: Collector) -> dict[tuple[str, str], dict[str, object]]:
    """Return name, status and attributes of the span of each request in the corpus."""
    with running(factory, collector) as service:
        for method, url in CORPUS:
            service.client.request(method, url, headers={**PARENT, "connection": "close"})
        spans = service.server_spans(len(CORPUS))
    return {
        request: {"name": span.name, "status": span.status.code, **attributes(span)}
        for request, span in zip(CORPUS, spans, strict=True)
    }


def differences(mine: dict[str, object], other: dict[str, object]) -> set[str]:
    """Return the names whose values differ."""
    return {name for name, _ in mine.items() ^ other.items()}


@pytest.mark.parametrize("engine", DIFFERENCES)
def test_the_engines_agree_except_for_the_listed_differences(engine: str) -> None:
    with Collector() as ours, Collector() as theirs:
        mine, other = observe_spans("plain", ours), observe_spans(f"traced_by_{engine}", theirs)

    found = set().union(*(differences(mine[request], other[request]) for request in CORPUS))
    assert found == set(DIFFERENCES[engine])


@pytest.mark.parametrize("engine", DIFFERENCES)
def test_the_span_of_another_engine_is_an_exemplar_of_our_metrics(
    collector: Collector, engine: str
) -> None:
    with running(f"traced_by_{engine}", collector) as service:
        service.client.get("/items/1", headers=PARENT)

        buckets = [
            line for line in service.metrics() if "/items/{item_id}" in line and "# {" in line
        ]
    assert 'trace_id="0af7651916cd43dd8448eb211c80319c"' in buckets[0]
