"""Links from page to page as the anonymous Viewer follows them."""

from urllib.parse import parse_qs, urlsplit

from tests.grafana.pages import DashboardPage

RANGE = "from=now-30m&to=now"
SERVICE = f"/d/service?var-job=gateway&{RANGE}"


def parameters(address: str) -> dict[str, str]:
    """Return the parameters of a link, the last one of each name."""
    return {name: values[-1] for name, values in parse_qs(urlsplit(address).query).items()}


def path(address: str) -> str:
    """Return a link without its host."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def test_the_home_page_shows_the_fleet(dashboards: DashboardPage) -> None:
    dashboards.open("/")

    assert {"Services down", "Services"} <= set(dashboards.titles())


def test_an_exemplar_leads_to_its_trace(dashboards: DashboardPage) -> None:
    dashboards.open(SERVICE)

    dashboards.open(path(dashboards.exemplar_link()))

    assert "gateway" in dashboards.page.locator("main").inner_text()
    assert dashboards.failed() == []


def test_a_trace_id_in_a_table_leads_to_its_trace(dashboards: DashboardPage) -> None:
    dashboards.open(SERVICE)

    link = dashboards.trace_link()
    dashboards.open(path(link))

    assert parameters(link)["var-job"] == "gateway"
    assert parameters(link)["from"] == "now-30m"
    assert "gateway" in dashboards.page.locator("main").inner_text()


def test_time_and_variables_are_kept_from_the_fleet_to_a_route(dashboards: DashboardPage) -> None:
    dashboards.open(f"/d/fleet?{RANGE}")
    to_service = dashboards.link("/d/service", of="orders")
    dashboards.open(path(to_service))
    to_route = dashboards.link("/d/route")
    dashboards.open(path(to_route))

    chosen = parameters(dashboards.page.url)
    assert parameters(to_service)["var-job"] == "orders"
    assert (chosen["var-job"], chosen["from"], chosen["to"]) == ("orders", "now-30m", "now")
    assert chosen["var-route"].startswith("/orders")
    assert dashboards.failed() == []
