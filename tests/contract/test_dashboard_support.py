"""Services of other libraries on the dashboards, as docs/dashboards.md lists them."""

from pathlib import Path

import pytest

from sightline.artifacts import ROOT
from tests.panel_worlds import complaints, query, series, target

SHOP = {"job": "shop", "instance": "s:1"}

CONTRIB = {"http_request_method": "GET", "http_route": "/x", "url_scheme": "http"}
INSTRUMENTATOR = {"handler": "/x", "method": "GET", "status": "2xx"}
SPANS = {"service_name": "shop", "span_name": "GET /x", "span_kind": "SPAN_KIND_SERVER"}

SUPPORTED = {
    "opentelemetry-instrumentation-fastapi": (
        "http_server_request_duration_seconds_count",
        CONTRIB | {"http_response_status_code": "200"},
    ),
}
UNSUPPORTED = {
    "opentelemetry-instrumentation-fastapi, old names": (
        "http_server_duration_milliseconds_count",
        {"http_method": "GET", "http_target": "/x", "http_status_code": "200"},
    ),
    "prometheus-fastapi-instrumentator": ("http_request_duration_seconds_count", INSTRUMENTATOR),
    "span metrics": ("traces_span_metrics_duration_milliseconds_count", SPANS),
}
"""Series of each library: name and labels."""


def requests(tmp_path: Path, name: str, labels: dict[str, str], expected: dict[str, float]) -> str:
    """Return the complaints about the requests of Fleet and the stat of Service."""
    inputs = [series(name, SHOP | labels, "0+60x60"), target("shop", "s:1")]
    fleet = query("fleet", "Services", "B")
    service = f"label_replace({query('service', 'Requests', job='shop')}, 'job', 'shop', '', '')"
    both = [complaints(tmp_path, inputs, panel, expected) for panel in (fleet, service)]
    return "".join(both)


@pytest.mark.parametrize("library", SUPPORTED)
def test_a_service_of_a_supported_library_appears(tmp_path: Path, library: str) -> None:
    assert requests(tmp_path, *SUPPORTED[library], {'{job="shop"}': 1}) == ""


@pytest.mark.parametrize("library", UNSUPPORTED)
def test_a_service_of_an_unsupported_library_does_not(tmp_path: Path, library: str) -> None:
    assert requests(tmp_path, *UNSUPPORTED[library], {}) == ""


def test_the_page_names_every_library() -> None:
    page = (ROOT / "docs" / "dashboards.md").read_text(encoding="utf-8")

    assert [name for name in (*SUPPORTED, *UNSUPPORTED) if f"| {name} |" not in page] == []
