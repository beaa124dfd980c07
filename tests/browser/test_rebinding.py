"""DNS rebinding and cross-site requests in a real browser."""

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


def post(page: Page, url: str, body: object) -> Response:
    """Return the response to a POST by a script of *page*, sent without a preflight."""
    script = """([url, body]) => fetch(url, {
        method: "POST", mode: "no-cors", body: new Blob([JSON.stringify(body)])
    })"""
    with page.expect_response(url) as response:
        page.evaluate(script, [url, body])
    return response.value


@pytest.mark.parametrize(
    "port", ["grafana", "jaeger_query", "otlp_http", "jaeger_metrics", "control", "gateway"]
)
def test_a_rebound_name_is_rejected(stack: LocalStack, page: Page, port: str) -> None:
    response = page.goto(f"http://evil.example:{getattr(stack.config.ports, port)}/")

    assert response is not None
    assert response.status == 421
    assert "SIGHTLINE_ALLOWED_HOSTS" in page.content()


@pytest.mark.parametrize(
    ("port", "path"),
    [("control", "/alerts"), ("otlp_http", "/v1/traces"), ("gateway", "/api/orders")],
)
def test_a_post_from_another_site_is_rejected(
    stack: LocalStack, page: Page, port: str, path: str
) -> None:
    page.goto(f"http://evil.example:{stack.config.ports.jaeger_query}/")

    assert post(page, stack.url(port, path), {}).status == 403


def test_a_post_from_the_same_site_is_accepted(stack: LocalStack, page: Page) -> None:
    page.goto(stack.url("control", "/healthz"))

    assert post(page, stack.url("control", "/alerts"), {}).status == 422
