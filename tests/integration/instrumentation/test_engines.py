"""Our engine beside the two others one can choose: the oracle of our attributes.

What may differ is written down here, with the reason; everything else is equal.
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
        "server.port": "another service",
        "server.address": "contrib leaves the port in it",
        "error.type": "contrib gives the status code where we give the exception",
    },
    "fastapi": {
        "client.port": "FastAPI leaves it out",
        "client.address": "FastAPI leaves it out",
        "user_agent.original": "FastAPI leaves it out",
        "server.port": "another service",
        "url.query": "FastAPI encodes it anew; we leave it as it was sent",
    },
}
"""The attributes that differ, and why."""


def observed(factory: str, collector: Collector) -> dict[tuple[str, str], dict[str, object]]:
    """Name, status and attributes of the span of each request of the corpus."""
    with running(factory, collector) as service:
        for method, url in CORPUS:
            service.client.request(method, url, headers={**PARENT, "connection": "close"})
        spans = service.server_spans(len(CORPUS))
    return {
        request: {"name": span.name, "status": span.status.code, **attributes(span)}
        for request, span in zip(CORPUS, spans, strict=True)
    }


def differing(mine: dict[str, object], other: dict[str, object]) -> set[str]:
    """Names whose values are not equal in both."""
    return {name for name, _ in mine.items() ^ other.items()}


@pytest.mark.parametrize("engine", DIFFERENCES)
def test_the_engines_agree_but_for_what_is_written_down(engine: str) -> None:
    with Collector() as ours, Collector() as theirs:
        mine, other = observed("plain", ours), observed(f"traced_by_{engine}", theirs)

    found = set().union(*(differing(mine[request], other[request]) for request in CORPUS))
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
