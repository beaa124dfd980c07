"""Links meant for Jaeger's pages lead to the viewer's."""

from pathlib import Path

import pytest

from tests.integration.tracestore.trace_store import TraceStore, running
from tests.unit.tracestore.spans import encoded, span

SLOW = {
    "span_id": b"slowslow",
    "start_time_unix_nano": 10**18,
    "end_time_unix_nano": 10**18 + 5 * 10**9,
}


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/", "/traces"),
        ("/search?service=shop&limit=7", "/traces?service=shop&limit=7"),
        ("/search?service=shop&operation=all", "/traces?service=shop"),
        ("/search?service=shop&operation=GET+%2F", "/traces?service=shop&operation=GET+%2F"),
        ("/search?service=shop&lookback=2d", "/traces?service=shop&from=now-2d"),
        (
            "/search?lookback=custom&start=1764499000123000&end=1764499999000000",
            "/traces?from=1764499000123&to=1764499999000",
        ),
        (
            "/search?lookback=1h&start=1764499000123000&end=1764499999000000",
            "/traces?from=1764499000123&to=1764499999000",
        ),
        ("/search?lookback=1h&start=0&end=0", "/traces?from=now-1h"),
        ("/search?lookback=%22&start=x&end=y", "/traces"),
        (
            "/search?tags=%7B%22http.request.method%22%3A%22PUT%22%2C%22user%22%3A%22a+b%22%7D",
            "/traces?tags=http.request.method%3DPUT+%27user%3Da+b%27",
        ),
        ("/search?tags=error%3Dtrue", "/traces?tags=error%3Dtrue"),
        ("/search?tag=error:true&tag=a:b:c", "/traces?tags=error%3Dtrue+a%3Db%3Ac"),
        (
            "/search?tags=%7B%22a%3Db%22%3A%22c%3Dd%22%7D&tag=e:f",
            "/traces?tags=%7B%22a%3Db%22%3A+%22c%3Dd%22%2C+%22e%22%3A+%22f%22%7D",
        ),
        ("/search?tag=:empty", "/traces?tags=%7B%22%22%3A+%22empty%22%7D"),
        ("/search?tag=query:a=b", "/traces?tags=query%3Da%3Db"),
        ("/search?traceID=abc", "/trace/abc"),
        ("/trace/abc", "/trace/abc"),
        ("/trace/abc?uiFind=0123456789abcdef", "/trace/abc#0123456789abcdef"),
        ("/trace/abc?uiFind=GET+%2F%0d%0aX:", "/trace/abc"),
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


def test_a_search_for_two_traces_compares_them(receiver: TraceStore) -> None:
    answer = receiver.ask("/search?traceID=abc&traceID=1")

    assert answer.headers["location"] == "/trace/abc...1"


def test_a_comparison_shows_the_operations_of_both_traces(store: TraceStore) -> None:
    store.send(encoded(span(1, "<b>GET</b>"), span(2, "<b>GET</b>"), span(2, "slow", **SLOW)))

    answer = store.ask("/trace/1...2")

    page = answer.body.decode()
    assert (answer.status, answer.content_type) == (200, "text/html; charset=utf-8")
    assert page.index("<td>slow<td>0<td>1<td>0s<td>5s<td>5s") < page.index("<td>1<td>1<td>1ms")
    assert "<td>&lt;b&gt;GET&lt;/b&gt;" in page
    assert f"<a href='http://127.0.0.1:{store.ports.grafana}/trace/{2:032x}'>" in page


@pytest.mark.parametrize("path", ["/trace/1...fff", "/trace/fff...1"])
def test_a_comparison_with_a_missing_trace_says_so(receiver: TraceStore, path: str) -> None:
    answer = receiver.ask(path)

    assert answer.status == 404
    assert f"There is no trace {0xFFF:032x}." in answer.body.decode()


def test_other_pages_do_not_exist(receiver: TraceStore) -> None:
    assert receiver.ask("/static/app.js").status == 404
