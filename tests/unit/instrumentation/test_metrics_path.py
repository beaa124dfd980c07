"""The app's own page at `/metrics` is kept; without one, Sightline's page is served."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry, make_asgi_app
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.middleware.base import RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles

from instrumentation import Settings, Telemetry, TelemetryMiddleware, instrument, metrics_app
from instrumentation._support.asgi_types import ASGIApp, Receive, Scope, Send
from tests.asgi import answer, scope

QUIET = Settings.from_env({"OTEL_TRACES_EXPORTER": "none"})
ROOT_PATHS = ["", "/", "/api", "/api/"]
OURS = b"asyncio_event_loop_delay_seconds"
PAGE = "shop_orders_total"
TEXT = f"# TYPE {PAGE} counter\n{PAGE} 1\n"

Add = Callable[[FastAPI], object]
Make = Callable[..., FastAPI]


def page() -> ASGIApp:
    registry = CollectorRegistry()
    registry.register(Counted())
    return make_asgi_app(registry)


class Counted(Collector):
    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily("shop_orders", "Orders.", value=1)


def route(app: FastAPI) -> None:
    app.get("/metrics")(lambda: PAGE)


def mount(app: FastAPI) -> None:
    app.mount("/metrics", page())


def include(app: FastAPI) -> None:
    router = APIRouter(prefix="/metrics")
    router.get("")(lambda: PAGE)
    app.include_router(router)


def sub_app(app: FastAPI) -> None:
    below = FastAPI()
    route(below)
    app.mount("/", below)


def guard(app: FastAPI) -> None:
    @app.middleware("http")
    async def refuse(_request: Request, _call_next: RequestResponseEndpoint) -> Response:
        return PlainTextResponse("who are you?", 401)


def guard_route(app: FastAPI) -> None:
    guard(app)
    route(app)


def catch_all(app: FastAPI) -> None:
    app.get("/{path:path}")(lambda path: path)


def shadow(app: FastAPI) -> None:
    catch_all(app)
    route(app)


def stream_endlessly(app: FastAPI) -> None:
    async def dots() -> AsyncIterator[bytes]:
        while True:
            yield b"."
            await asyncio.sleep(0)

    app.add_route("/{path:path}", lambda _request: StreamingResponse(dots()))


def fail(app: FastAPI) -> None:
    app.add_route("/{path:path}", lambda _request: PlainTextResponse("", 1 // 0))


def files(app: FastAPI) -> None:
    app.mount("/", StaticFiles(directory=Path(__file__).parent, html=True))


def post(app: FastAPI) -> None:
    app.post("/metrics")(lambda: PAGE)


def mount_without_post(app: FastAPI) -> None:
    async def serve(request: Request) -> Response:
        if request.method == "GET":
            return PlainTextResponse(TEXT)
        return PlainTextResponse("no such method here", 404)

    app.add_route("/metrics", serve, methods=["GET", "POST"])


def scrape(app: ASGIApp, path: str = "/metrics", **more: Any) -> bytes:  # noqa: ANN401  of the scope
    """Return status and body of the response, after redirects."""
    sent, raised = asyncio.run(answer(app, scope(path, **more)))
    assert raised == ""
    headers = dict(sent[0]["headers"])
    if b"location" in headers:
        return scrape(app, urlsplit(headers[b"location"].decode()).path, **more)
    body = b"".join(message.get("body", b"") for message in sent)
    return b"%d " % sent[0]["status"] + body


@pytest.fixture
def instrumented() -> Iterator[Make]:
    """Yield a function that applies steps to an app in order; the step `None` instruments it."""
    with ExitStack() as open_until_the_end:

        def make(*adds: Add | None) -> FastAPI:
            app = FastAPI()
            for add in adds:
                if add is not None:
                    add(app)
                else:
                    telemetry = instrument(app, clients=(), settings=QUIET)
                    open_until_the_end.enter_context(telemetry)
            return app

        yield make


@pytest.mark.parametrize("add", [route, mount, include, sub_app])
@pytest.mark.parametrize("order", [lambda add: [add, None], lambda add: [None, add]])
def test_a_page_of_the_app_is_served_as_before(
    instrumented: Make, add: Add, order: Callable[[Add], list[Add | None]]
) -> None:
    app = instrumented(*order(add))

    pages = [scrape(app), scrape(app)]

    assert [PAGE.encode() in found and OURS not in found for found in pages] == [True, True]


@pytest.mark.parametrize(
    "add", [catch_all, shadow, files, guard, stream_endlessly, fail, post, lambda app: app]
)
def test_an_app_without_a_page_gets_that_of_sightline(
    instrumented: Make, add: Add, caplog: pytest.LogCaptureFixture
) -> None:
    app = instrumented(None, add)

    pages = [scrape(app), scrape(app)]

    assert [found.startswith(b"200 ") and OURS in found for found in pages] == [True, True]
    assert "serves /metrics itself" not in caplog.text


def test_a_page_behind_authentication_stays_behind_it(instrumented: Make) -> None:
    assert scrape(instrumented(None, guard_route)) == b"401 who are you?"


def test_a_page_among_static_files_is_served(instrumented: Make, tmp_path: Path) -> None:
    (tmp_path / "metrics").write_text(f"# HELP {PAGE} Orders.\n{PAGE} 1\n")

    app = instrumented(None, lambda app: app.mount("/", StaticFiles(directory=tmp_path)))

    assert scrape(app) == f"200 # HELP {PAGE} Orders.\n{PAGE} 1\n".encode()


def test_methods_other_than_get_and_head_reach_the_app(instrumented: Make) -> None:
    app = instrumented(None, post)

    assert scrape(app, method="POST") == b'200 "shop_orders_total"'


@pytest.mark.parametrize("scrapes_before", [0, 1])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_the_page_says_which_methods_it_allows(
    instrumented: Make, method: str, scrapes_before: int
) -> None:
    app = instrumented(None)
    for _ in range(scrapes_before):
        scrape(app)

    sent, _ = asyncio.run(answer(app, scope("/metrics", method=method)))

    assert sent[0]["status"] == 405
    assert dict(sent[0]["headers"])[b"allow"] == b"GET, HEAD"


def test_the_app_refuses_a_method_where_it_serves_the_page(instrumented: Make) -> None:
    app = instrumented(None, mount_without_post)

    assert scrape(app, method="POST") == b"404 no such method here"


def test_a_page_of_any_other_asgi_app_is_served() -> None:
    own = page()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await own(scope, receive, send)

    with Telemetry(QUIET, service="shop", metrics_path="/metrics") as telemetry:
        found = scrape(TelemetryMiddleware(app, telemetry))

    assert PAGE.encode() in found


def test_a_page_below_the_root_path_is_served(instrumented: Make) -> None:
    assert PAGE.encode() in scrape(instrumented(None, route), "/api/metrics", root_path="/api")


def test_a_page_of_the_app_is_reported_once(
    instrumented: Make, caplog: pytest.LogCaptureFixture
) -> None:
    app = instrumented(None, mount)

    scrape(app)
    scrape(app)

    (warning,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert "the app serves /metrics itself" in warning.getMessage()
    assert "instrument(app, metrics_path=…)" in warning.getMessage()
    assert "docs/how-to/another-metrics-port.md" in warning.getMessage()


def test_one_page_serves_both_registries(
    instrumented: Make, caplog: pytest.LogCaptureFixture
) -> None:
    app, registry = instrumented(None), CollectorRegistry()
    registry.register(Counted())
    app.mount("/metrics", metrics_app(instrument(app), registry))

    found = scrape(app)

    assert OURS in found
    assert PAGE.encode() in found
    assert "serves /metrics itself" not in caplog.text


def text_everywhere(body: str, content_type: str) -> Add:
    """Return a function that adds a catch-all route with this response."""
    response = Response(body, media_type=content_type)
    return lambda app: app.add_route("/{path:path}", lambda _request: response)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("Page Not found", "text/plain"),
        ("Hello Nick", "text/plain"),
        ("version 1.2", "text/plain"),
        ("name: Nick", "application/yaml"),
        ("Welcome Ian", "text/plain; version=2"),
        ("one line\n# TYPE of nothing", "text/plain; version=0.0.4"),
    ],
)
def test_text_of_a_catch_all_is_no_page_of_metrics(
    instrumented: Make, body: str, content_type: str
) -> None:
    app = instrumented(text_everywhere(body, content_type), None)

    assert OURS in scrape(app)


def guarded_page(app: FastAPI) -> None:
    """Add a page of metrics in a middleware, for scrapes with a token."""

    @app.middleware("http")
    async def answer_scrapes(request: Request, _next: RequestResponseEndpoint) -> Response:
        known = "authorization" in request.headers
        return PlainTextResponse(TEXT if known else "who are you?", 200 if known else 401)


def test_a_scrape_without_a_token_does_not_take_the_page_from_those_with_one(
    instrumented: Make,
) -> None:
    app = instrumented(guarded_page, None)
    scrape(app)

    assert scrape(app, headers=[(b"authorization", b"Bearer x")]) == f"200 {TEXT}".encode()


def waiting(app: FastAPI) -> None:
    """Add a catch-all that waits for events."""

    @app.get("/{path:path}")
    async def wait(path: str) -> str:
        await asyncio.Event().wait()
        return path


def test_a_catch_all_that_waits_does_not_hold_scrapes_up(
    instrumented: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("instrumentation._server.metrics_path.MAX_SECONDS", 0.05)
    app = instrumented(waiting, None)

    assert OURS in scrape(app)


def test_a_catch_all_that_fails_is_not_asked_for_ever(instrumented: Make) -> None:
    asked: list[str] = []

    def fail(request: Request) -> Response:
        asked.append(request.url.path)
        raise LookupError(request.url.path)

    app = instrumented(lambda app: app.add_route("/{path:path}", fail), None)
    for _ in range(5):
        scrape(app)

    assert asked == ["/metrics"] * 3


@pytest.mark.parametrize("path", ["/metrics", "/metrics/"])
@pytest.mark.parametrize("root_path", ROOT_PATHS)
def test_the_page_is_found_with_any_root_path_and_a_slash(
    instrumented: Make, path: str, root_path: str
) -> None:
    app = instrumented(None)

    assert OURS in scrape(app, path, root_path=root_path)


@pytest.mark.parametrize("path", ["/metrics", "/metrics/"])
@pytest.mark.parametrize("serve", [route, mount])
def test_the_page_of_the_app_is_kept_with_and_without_a_slash(
    instrumented: Make, serve: Add, path: str
) -> None:
    app = instrumented(None, serve)

    assert OURS not in scrape(app, path)
