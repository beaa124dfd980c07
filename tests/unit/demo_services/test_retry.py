"""Retries of calls that did not reach the other service."""

import asyncio

import aiohttp
import pytest

from demo_services.peer import Peer, PeerError
from demo_services.registry.balancer import Balancer
from demo_services.resilience.retry import Retry, RetryBudget
from instrumentation._setup.telemetry import pipeline_of
from instrumentation.testing import Recording
from tests.http_clients import instrument_clients
from tests.ports import free_ports

REFUSED = aiohttp.ClientConnectionError("refused")


@pytest.mark.parametrize(
    ("method", "error", "attempts", "allowed"),
    [
        ("GET", REFUSED, 1, True),
        ("GET", REFUSED, 2, False),
        ("POST", REFUSED, 1, False),
        ("GET", aiohttp.ServerTimeoutError(), 1, False),
        ("GET", aiohttp.ClientPayloadError(), 1, False),
    ],
)
def test_a_safe_call_is_repeated_once_after_a_connection_error(
    method: str, error: Exception, attempts: int, *, allowed: bool
) -> None:
    assert Retry().allows(method, error, attempts=attempts) == allowed


def test_the_budget_has_three_retries_and_then_one_for_ten_calls() -> None:
    budget = RetryBudget()

    saved = [budget.spend() for _ in range(4)]
    for _ in range(9):
        budget.earn()
    before = budget.spend()
    budget.earn()

    assert saved == [True, True, True, False]
    assert (before, budget.spend(), budget.spend()) == (False, True, False)


def test_calls_without_errors_save_no_more_than_three_retries() -> None:
    budget = RetryBudget()

    for _ in range(1000):
        budget.earn()

    assert [budget.spend() for _ in range(4)] == [True, True, True, False]


def test_an_outage_adds_a_tenth_of_the_calls(telemetry: Recording) -> None:
    (port,) = free_ports(1)

    with instrument_clients(pipeline_of(telemetry.telemetry).clients):
        asyncio.run(refused(port, calls=131))

    resends = [span.attributes.get("http.request.resend_count") for span in telemetry.spans]
    labels = {"http_request_method": "GET", "server_address": "127.0.0.1", "server_port": str(port)}
    # Three retries are saved, and all calls but the first earn a tenth of one.
    assert (resends.count(None), resends.count(1)) == (131, 16)
    assert telemetry.metric("http_client_request_resends_total", **labels) == 16


async def refused(port: int, *, calls: int) -> None:
    """Send *calls* to a port without a server."""
    url = f"http://127.0.0.1:{port}"
    async with Peer("orders", Balancer([url]), identity=None, timeout_seconds=10) as peer:
        for _ in range(calls):
            with pytest.raises(PeerError, match="503: orders is not available"):
                await peer.get("/orders/{order_id}", order_id=1)
