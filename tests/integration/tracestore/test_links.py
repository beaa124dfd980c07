"""Links meant for Jaeger's pages lead to the viewer's."""

from pathlib import Path

import pytest

from tests.integration.tracestore.trace_store import TraceStore, running


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/", "/traces"),
        ("/search?service=shop&lookback=1h", "/traces?service=shop&lookback=1h"),
        ("/trace/abc", "/trace/abc"),
        ("/dependencies", "/map"),
        ("/monitor", "/"),
    ],
)
def test_a_page_of_jaeger_redirects_to_the_viewer(
    receiver: TraceStore, path: str, page: str
) -> None:
    answer = receiver.ask(path)

    assert answer.status == 307
    assert answer.headers["location"] == f"http://127.0.0.1:{receiver.ports.grafana}{page}"


def test_the_address_of_the_viewer_is_configurable(tmp_path: Path) -> None:
    with running(tmp_path, GRAFANA_URL="https://grafana.example/") as store:
        answer = store.ask("/trace/abc")

    assert answer.headers["location"] == "https://grafana.example/trace/abc"


def test_other_pages_do_not_exist(receiver: TraceStore) -> None:
    assert receiver.ask("/static/app.js").status == 404
