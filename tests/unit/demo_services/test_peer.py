"""Client of another service's JSON API."""

import asyncio

import pytest

from demo_services.peer import Peer, PeerError
from demo_services.registry.balancer import Balancer
from tests.fakes.busy import BusyService


@pytest.mark.parametrize(
    ("retry_after", "status_code", "seconds"),
    [("1", 503, 1), ("86400", 503, 60), ("", 502, 0), ("Tue, 01 Dec 2026 00:00:00 GMT", 502, 0)],
)
def test_a_busy_peer_says_when_to_try_again(
    retry_after: str, status_code: int, seconds: int
) -> None:
    async def ask(url: str) -> object:
        async with Peer("orders", Balancer([url]), identity=None, timeout_seconds=10) as peer:
            return await peer.get("/orders/{order_id}", order_id=1)

    with BusyService(retry_after) as service, pytest.raises(PeerError) as error:
        asyncio.run(ask(service.url))

    assert (error.value.status_code, error.value.retry_after_seconds) == (status_code, seconds)
