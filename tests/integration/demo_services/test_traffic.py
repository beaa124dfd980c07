import signal

from tests.integration.demo_services.conftest import Service, Shop, Start
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
