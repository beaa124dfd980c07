"""Dashboards with real data in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from sightline.artifacts import DASHBOARDS
from tests.browser.conftest import ObservedPage

UIDS = sorted(file.stem for file in DASHBOARDS.glob("*.json"))
NUMBER = re.compile(r"\d")


@pytest.mark.parametrize("uid", UIDS)
def test_every_panel_of_a_dashboard_is_drawn(observed: ObservedPage, uid: str) -> None:
    page = observed.open(f"/d/{uid}?from=now-5m")
    page.set_viewport_size({"width": 1600, "height": 3000})

    expect(page.locator(".row:not(.closed) .message.loading")).to_have_count(0)
    expect(page.locator(".message.error")).to_have_count(0)
    expect(page.locator(".panel.stale")).to_have_count(0)
    expect(page.locator(".row:not(.closed) .panel .body:empty")).to_have_count(0)


def test_the_home_page_is_the_fleet_dashboard(observed: ObservedPage) -> None:
    page = observed.open("/")

    requests = page.locator(".panel", has=page.get_by_text("All requests", exact=True)).first
    expect(requests.locator(".value")).to_have_text(NUMBER)
    services = page.locator(".panel.kind-table").first
    expect(services.locator("tbody tr", has_text="gateway")).to_contain_text(NUMBER)
    expect(page.locator(".panel.kind-timeseries .js-plotly-plot").first).to_be_visible()


def test_a_service_shows_its_rate_and_its_slow_traces(observed: ObservedPage) -> None:
    page = observed.open("/d/service?var-job=gateway&from=now-5m")

    expect(page.locator(".panel.kind-stat .value").filter(has_text="req/s")).to_have_text(NUMBER)
    expect(page.locator(".panel.kind-heatmap .js-plotly-plot")).to_be_visible()


def test_a_row_of_the_fleet_links_to_its_service(observed: ObservedPage) -> None:
    page = observed.open("/?from=now-15m")

    page.get_by_role("link", name="orders", exact=True).first.click()

    page.wait_for_url(re.compile(r"/d/service\?var-job=orders&from=now-15m&to=now"))
    expect(page.locator(".picker[data-name=job] summary b")).to_have_text("orders")


def test_a_selected_variable_is_part_of_the_address(observed: ObservedPage) -> None:
    page = observed.open("/d/service?var-job=gateway")

    page.locator(".picker[data-name=job] summary").click()
    page.locator(".picker[data-name=job] label", has_text="users").click()

    page.wait_for_url(re.compile("var-job=users"))
    expect(page.locator(".panel.kind-stat .value").first).to_have_text(NUMBER)


def test_another_dashboard_keeps_the_time_range(observed: ObservedPage) -> None:
    page = observed.open("/?from=now-1h")

    page.locator(".menu.link summary").click()
    page.locator(".menu.link").get_by_role("link", name="SLO", exact=True).click()

    page.wait_for_url(re.compile(r"/d/slo\?.*from=now-1h"))


def test_a_selection_in_a_chart_sets_the_time_range(observed: ObservedPage) -> None:
    page = observed.open("/?from=now-5m")
    drag = page.locator(".panel.kind-timeseries .nsewdrag").first
    drag.scroll_into_view_if_needed()
    box = drag.bounding_box()
    assert box is not None

    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 22, steps=8)
    page.mouse.up()

    page.wait_for_url(re.compile(r"from=\d{13}&to=\d{13}"))


def test_a_legend_entry_hides_the_other_lines(observed: ObservedPage) -> None:
    page = observed.open("/?from=now-5m")
    legend = page.locator(".panel.kind-timeseries").first.locator(".legend")

    legend.get_by_text("orders", exact=True).click()

    expect(legend.locator("tr.off", has_text="gateway")).to_have_count(1)
    expect(legend.locator("tr.off", has_text="orders")).to_have_count(0)


def test_a_double_click_widens_the_time_range(observed: ObservedPage) -> None:
    page = observed.open("/?from=now-5m")
    drag = page.locator(".panel.kind-timeseries .nsewdrag").first

    drag.dblclick()

    page.wait_for_url(re.compile(r"from=\d{13}&to=\d{13}"))


def test_a_panel_fills_the_window_until_escape(observed: ObservedPage) -> None:
    page = observed.open("/?from=now-5m")

    page.locator(".panel.kind-timeseries .title").first.click()
    expect(page.locator(".panel.full .js-plotly-plot")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.locator(".panel.full")).to_have_count(0)


def test_a_click_on_a_column_sorts_the_table(observed: ObservedPage) -> None:
    page = observed.open("/?from=now-5m")
    table = page.locator(".panel.kind-table").first

    table.locator("th", has_text="Service").click()
    table.locator("th", has_text="Service").click()

    expect(table.locator("tbody tr").first).to_contain_text("control")


def test_a_description_appears_on_hover(observed: ObservedPage) -> None:
    page = observed.open("/")

    page.locator(".panel .info").first.hover()

    expect(page.locator(".panel .tip").first).to_be_visible()
