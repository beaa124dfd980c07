"""An open-model load generator: arrivals do not wait for answers, and are bounded."""

import asyncio
import random
from collections.abc import Callable
from typing import Final

import aiohttp

from demo_services.peer import open_session
from demo_services.probe import answers
from demo_services.tls import Identity
from demo_services.traffic.scenarios import Scenario, choose

MOST_IN_FLIGHT: Final = 50
"""Visits that may wait at once; one that would be more is not sent but counted as ``shed``."""
TIMEOUT_SECONDS: Final = 5.0
OPENING_SECONDS: Final = 0.2
"""How often the crowd looks whether the shop is open yet."""
CATCH_UP_SECONDS: Final = 1.0
"""Arrivals missed for longer than this, while the machine slept, are not made up for."""

Count = Callable[[str, str], None]


class Generator:
    """Visits at random moments, *rate* a second on average.

    Args:
        count: Told scenario and outcome of each visit: ``ok``, ``client_error``,
            ``server_error``, ``timeout``, ``unreachable`` or ``shed``.
        draws: Source of all chance.
    """

    def __init__(
        self,
        gateway_url: str,
        *,
        identity: Identity | None,
        rate: float,
        count: Count,
        draws: random.Random,
    ) -> None:
        self._gateway_url = gateway_url
        self._identity = identity
        self._rate = rate
        self._count = count
        self._draws = draws
        self._in_flight: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Send, once the gateway is ready, until cancelled; cancels the visits under way, too."""
        if not self._rate:
            return
        url = f"{self._gateway_url}/readyz"
        while not await asyncio.to_thread(answers, url, identity=self._identity):  # noqa: ASYNC110  another process
            await asyncio.sleep(OPENING_SECONDS)
        session = open_session(
            self._gateway_url, identity=self._identity, timeout_seconds=TIMEOUT_SECONDS
        )
        async with session, asyncio.TaskGroup() as visits:
            clock = asyncio.get_running_loop().time
            due = clock()
            while True:
                due = next_arrival(due, clock(), self._draws.expovariate(self._rate))
                await asyncio.sleep(due - clock())
                self._start(visits, session)

    def _start(self, visits: asyncio.TaskGroup, session: aiohttp.ClientSession) -> None:
        scenario = choose(self._draws)
        if len(self._in_flight) >= MOST_IN_FLIGHT:
            self._count(scenario.name, "shed")
            return
        visit = visits.create_task(self._visit(session, scenario))
        self._in_flight.add(visit)
        visit.add_done_callback(self._in_flight.discard)

    async def _visit(self, session: aiohttp.ClientSession, scenario: Scenario) -> None:
        call = scenario.call(self._draws)
        try:
            async with session.request(call.method, call.path, json=call.body) as answer:
                await answer.read()
        except TimeoutError:
            self._count(scenario.name, "timeout")
        except aiohttp.ClientError:
            self._count(scenario.name, "unreachable")
        else:
            self._count(scenario.name, outcome(answer.status))


def next_arrival(due: float, now: float, gap_seconds: float) -> float:
    """When the next visit is due, on the event loop's clock.

    Counted from the last one's due time, so that a slow loop does not thin the traffic, unless
    that is too long ago.
    """
    return max(due, now - CATCH_UP_SECONDS) + gap_seconds


def outcome(status_code: int) -> str:
    """The label value for *status_code*."""
    return {4: "client_error", 5: "server_error"}.get(status_code // 100, "ok")
