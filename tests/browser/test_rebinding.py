"""A page of another site in a real browser, on a name that leads to this machine."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserType, Page, Response

from tests.browser.chromium import FLAGS, program
from tests.stacks import LocalStack

REBOUND = "--host-resolver-rules=MAP evil.example 127.0.0.1"


@pytest.fixture(scope="module")
def page(chromium: BrowserType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Open a page in a browser that resolves evil.example to this machine."""
    context = chromium.launch_persistent_context(
        tmp_path_factory.mktemp("rebound"),
        executable_path=program(),
        args=[*FLAGS, REBOUND],
    )
    yield context.new_page()
    context.close()


def posted(page: Page, url: str, body: object) -> Response:
    """What the server answers when a script of *page* posts *body*, without a preflight."""
    script = """([url, body]) => fetch(url, {
        method: "POST", mode: "no-cors", body: new Blob([JSON.stringify(body)])
    })"""
    with page.expect_response(url) as response:
        page.evaluate(script, [url, body])
    return response.value


@pytest.mark.parametrize(
    "port", ["grafana", "jaeger_query", "otlp_http", "jaeger_metrics", "control", "gateway"]
)
def test_a_rebound_name_reads_nothing(stack: LocalStack, page: Page, port: str) -> None:
    response = page.goto(f"http://evil.example:{getattr(stack.config.ports, port)}/")

    assert response is not None
    assert response.status == 421
    assert "SIGHTLINE_ALLOWED_HOSTS" in page.content()


@pytest.mark.parametrize(
    ("port", "path"),
    [("control", "/alerts"), ("otlp_http", "/v1/traces"), ("gateway", "/api/orders")],
)
def test_a_page_of_another_site_posts_nothing(
    stack: LocalStack, page: Page, port: str, path: str
) -> None:
    page.goto(f"http://evil.example:{stack.config.ports.jaeger_query}/")

    assert posted(page, stack.url(port, path), {}).status == 403


def test_a_page_of_the_server_itself_may_post(stack: LocalStack, page: Page) -> None:
    page.goto(stack.url("gateway", "/healthz"))

    assert posted(page, stack.url("gateway", "/api/orders"), {}).status == 422
