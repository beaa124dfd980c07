import signal

from tests.integration.demo_services.conftest import Service, Shop, Start, calling
from tests.ports import free_ports
from tests.waiting import until


def sent(traffic: Service, outcome: str) -> float:
    """Return the number of requests with *outcome*."""
    counted = traffic.samples("traffic_requests_total")
    return sum(value for labels, value in counted.items() if f'outcome="{outcome}"' in labels)


def test_requests_reach_the_shop_and_are_counted(shop: Shop, start: Start) -> None:
    traffic = start("traffic", GATEWAY_URL=shop.gateway.url, TRAFFIC_RATE="40")

    until(lambda: sent(traffic, "ok") >= 40, within_seconds=60)

    assert sent(traffic, "unreachable") == 0
    assert traffic.stop() == -signal.SIGTERM


def test_no_request_is_sent_before_the_gateway_is_ready(start: Start) -> None:
    traffic = start("traffic", ready=False, GATEWAY_URL="http://127.0.0.1:9", TRAFFIC_RATE="200")

    until(traffic.alive, within_seconds=60)

    assert sent(traffic, "unreachable") == 0
    assert traffic.get("/readyz").json() == {"gateway": False}


def test_a_rate_of_zero_sends_no_request(shop: Shop, start: Start) -> None:
    traffic = start("traffic", GATEWAY_URL=shop.gateway.url, TRAFFIC_RATE="0")

    assert sent(traffic, "ok") == 0
    assert traffic.stop() == -signal.SIGTERM


def sent_by_scenario(traffic: Service, scenario: str, outcome: str) -> float:
    name = f'{{outcome="{outcome}",scenario="{scenario}"}}'
    other = f'{{scenario="{scenario}",outcome="{outcome}"}}'
    counted = traffic.samples("traffic_requests_total")
    return counted.get(name, 0) + counted.get(other, 0)


def test_the_token_is_renewed_before_it_expires(start: Start) -> None:
    short = {"JWT_LIFETIME_SECONDS": "2"}
    users = start("users", **short)
    orders = start("orders", **calling(users))
    gateway = start("gateway", **calling(users), ORDERS_URL=orders.url)
    traffic = start("traffic", GATEWAY_URL=gateway.url, TRAFFIC_RATE="30")

    issued = '{grant="client_credentials"}'
    name = "authentication_tokens_issued_total"
    until(lambda: users.samples(name)[issued] >= 3, within_seconds=60)
    until(lambda: sent_by_scenario(traffic, "stale_token", "client_error"), within_seconds=120)

    results = gateway.samples("authentication_verifications_total")
    assert sent_by_scenario(traffic, "rename_user", "client_error") == 0
    assert sent_by_scenario(traffic, "place_order", "ok") > 0
    assert results['{result="invalid"}'] >= 1  # the stale ones
    assert results['{result="missing"}'] == 0


def test_a_new_token_is_fetched_after_its_issuer_has_lost_its_keys(start: Start) -> None:
    ports = dict(zip(("PORT", "GRPC_PORT"), map(str, free_ports(2)), strict=True))
    users = start("users", **ports)
    orders = start("orders", **calling(users))
    gateway = start("gateway", **calling(users), ORDERS_URL=orders.url)
    traffic = start("traffic", GATEWAY_URL=gateway.url, TRAFFIC_RATE="20")
    until(lambda: sent_by_scenario(traffic, "place_order", "ok") >= 1, within_seconds=60)

    users.stop()
    start("users", **ports)  # a database in memory, so other keys
    before = sent_by_scenario(traffic, "place_order", "ok")

    until(lambda: sent_by_scenario(traffic, "place_order", "ok") > before + 2, within_seconds=90)
    assert traffic.alive()
