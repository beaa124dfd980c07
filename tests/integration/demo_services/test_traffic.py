import signal

from tests.integration.demo_services.conftest import Shop, Start
from tests.waiting import until


def sent(page: str, outcome: str) -> float:
    """Return the number of requests with *outcome* on a metrics page."""
    lines = [line for line in page.splitlines() if line.startswith("traffic_requests_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines if f'outcome="{outcome}"' in line)


def test_requests_reach_the_shop_and_are_counted(shop: Shop, start: Start) -> None:
    traffic = start("traffic", GATEWAY_URL=shop.gateway.url, TRAFFIC_RATE="40")

    until(lambda: sent(traffic.get("/metrics").text, "ok") >= 40, within_seconds=60)

    assert sent(traffic.get("/metrics").text, "unreachable") == 0
    assert traffic.stop() == -signal.SIGTERM


def test_no_request_is_sent_before_the_gateway_is_ready(start: Start) -> None:
    traffic = start("traffic", ready=False, GATEWAY_URL="http://127.0.0.1:9", TRAFFIC_RATE="200")

    until(traffic.alive, within_seconds=60)

    assert sent(traffic.get("/metrics").text, "unreachable") == 0
    assert traffic.get("/readyz").json() == {"gateway": False}


def test_a_rate_of_zero_sends_no_request(shop: Shop, start: Start) -> None:
    traffic = start("traffic", GATEWAY_URL=shop.gateway.url, TRAFFIC_RATE="0")

    assert sent(traffic.get("/metrics").text, "ok") == 0
    assert traffic.stop() == -signal.SIGTERM
