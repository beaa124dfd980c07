"""Pages of traces, the service map and alerts in a real browser."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import ObservedPage, find_complete_trace
from tests.stacks import LocalStack


def test_a_search_result_links_to_its_trace(observed: ObservedPage, stack: LocalStack) -> None:
    page = observed.open("/traces?service=users&limit=50")
    expect(page.locator(".scatter .js-plotly-plot, .scatter.js-plotly-plot")).to_be_visible()

    page.locator(
        f'.results a[href="/trace/{find_complete_trace(stack)}"], .results a'
    ).first.click()

    page.wait_for_url(re.compile("/trace/[0-9a-f]{32}"))
    expect(page.locator(".span .service").first).to_be_visible()


def test_a_trace_shows_its_services_and_span_details(
    observed: ObservedPage, stack: LocalStack
) -> None:
    page = observed.open(f"/trace/{find_complete_trace(stack)}")

    for_each = [page.locator(".overview .chip", has_text=name) for name in SERVICES]
    expect(for_each[0].or_(for_each[1]).or_(for_each[2])).to_have_count(3)
    page.locator(".span summary .operation").first.click()
    expect(page.locator(".span[open] .facts th", has_text="http.request.method")).to_be_visible()


SERVICES = ("gateway", "orders", "users")


def test_collapsing_a_span_hides_its_children(observed: ObservedPage, stack: LocalStack) -> None:
    page = observed.open(f"/trace/{find_complete_trace(stack)}")

    page.locator("button.fold").first.click()

    expect(page.locator("details.span:visible")).to_have_count(1)


def test_a_span_links_to_the_metrics_of_its_service(
    observed: ObservedPage, stack: LocalStack
) -> None:
    page = observed.open(f"/trace/{find_complete_trace(stack)}")
    page.locator(".span summary .operation").first.click()

    page.get_by_text("Metrics of").first.click()

    page.wait_for_url(re.compile(r"/d/service\?var-job=\w+&from=\d+&to=\d+"))


def test_the_map_shows_the_three_services(observed: ObservedPage) -> None:
    page = observed.open("/map")

    expect(page.locator(".graph .node")).to_have_count(3)
    expect(page.locator(".graph .edge path[marker-end]").first).to_be_attached()


def test_the_alert_page_counts_the_rules(observed: ObservedPage) -> None:
    page = observed.open("/alerts")

    expect(page.locator(".tally", has_text="rules evaluated")).to_contain_text(re.compile(r"[1-9]"))
