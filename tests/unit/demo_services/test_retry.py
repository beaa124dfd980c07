"""Retries of calls that did not reach the other service."""

import asyncio

import aiohttp
import pytest

from demo_services.peer import Peer, PeerError
from demo_services.resilience.retry import Retry, RetryBudget
from instrumentation._setup.telemetry import pipeline_of
from instrumentation.testing import Recording
from tests.http_clients import instrument_clients
from tests.ports import free_ports

REFUSED = aiohttp.ClientConnectionError("refused")


class Flaky:
    """Request that fails with each of *errors* in turn, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.timeouts: list[float | None] = []

    async def __call__(self, timeout: aiohttp.ClientTimeout) -> str:  # noqa: ASYNC109  that of aiohttp
        self.timeouts.append(timeout.total)
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def outcome(method: str, *errors: Exception, seconds: float = 2.0) -> tuple[str, int]:
    """Return the result, or the name of the error, and the number of attempts."""
    flaky = Flaky(*errors)
    try:
        result = asyncio.run(Retry(seconds).send(method, flaky))
    except aiohttp.ClientError as error:
        result = type(error).__name__
    return result, len(flaky.timeouts)


@pytest.mark.parametrize(
    ("method", "errors", "expected"),
    [
        ("GET", [], ("answer", 1)),
        ("GET", [REFUSED], ("answer", 2)),
        ("GET", [REFUSED, REFUSED], ("ClientConnectionError", 2)),
        ("POST", [REFUSED], ("ClientConnectionError", 1)),
        ("GET", [aiohttp.ServerTimeoutError()], ("ServerTimeoutError", 1)),
        ("GET", [aiohttp.ClientPayloadError()], ("ClientPayloadError", 1)),
    ],
)
def test_a_safe_call_is_repeated_once_after_a_connection_error(
    method: str, errors: list[Exception], expected: tuple[str, int]
) -> None:
    assert outcome(method, *errors) == expected


def test_a_call_and_its_retry_share_the_timeout() -> None:
    flaky = Flaky(REFUSED)

    asyncio.run(Retry(2.0).send("GET", flaky))

    first, second = flaky.timeouts
    assert first is not None
    assert second is not None
    assert 0 < second < first <= 2


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
    async with Peer("orders", url, identity=None, timeout_seconds=10) as peer:
        for _ in range(calls):
            with pytest.raises(PeerError, match="503: orders is not available"):
                await peer.get("/orders/{order_id}", order_id=1)
