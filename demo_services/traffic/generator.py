"""Open-model load generator: arrivals do not wait for responses, and are bounded."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import aiohttp

from demo_services.peer import open_session
from demo_services.probe import answers
from demo_services.tls import Identity
from demo_services.traffic.profiles import Load
from demo_services.traffic.scenarios import Call, Scenario, choose
from demo_services.traffic.tokens import Tokens

MAX_IN_FLIGHT: Final = 50
"""Limit on concurrent requests. A request beyond it is not sent, and counted as ``shed``."""
TIMEOUT_SECONDS: Final = 5.0
READINESS_POLL_SECONDS: Final = 0.2
"""Interval between probes of the gateway before the first request."""
MAX_CATCH_UP_SECONDS: Final = 1.0
"""Limit on catching up. Arrivals missed for longer, as in a suspended machine, are skipped."""

Record = Callable[[str, str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Gateway that the requests go to."""

    url: str
    identity: Identity | None
    client_secret: str = field(repr=False)
    """Secret of the client ``traffic``, for its tokens."""


class Generator:
    """Generator of requests at random times.

    Args:
        record: Called with scenario, outcome and duration of each request. Outcomes are ``ok``,
            ``client_error``, ``server_error``, ``timeout``, ``unreachable`` and ``shed``. The
            duration in seconds starts when the request was due, not when it was sent, so that a
            delay of the generator itself hides nothing.
        rng: Source of randomness for times and scenarios.
    """

    def __init__(
        self,
        gateway: Gateway,
        *,
        load: Load,
        record: Record,
        rng: random.Random,
    ) -> None:
        self._gateway = gateway
        self._load = load
        self._record = record
        self._rng = rng
        self._in_flight: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Send requests once the gateway is ready, until cancelled. Cancel those in flight, too."""
        if not self._load.rate:
            return
        gateway = self._gateway
        url = f"{gateway.url}/readyz"
        while not await asyncio.to_thread(answers, url, identity=gateway.identity):  # noqa: ASYNC110  another process
            await asyncio.sleep(READINESS_POLL_SECONDS)
        session = open_session(
            gateway.url, identity=gateway.identity, timeout_seconds=TIMEOUT_SECONDS
        )
        async with session, asyncio.TaskGroup() as requests:
            sender = _Sender(session, Tokens(session, gateway.client_secret))
            clock = asyncio.get_running_loop().time
            start = due = clock()
            while True:
                due = next_arrival(due, clock(), self._rng.expovariate(self._load.peak))
                await asyncio.sleep(due - clock())
                if self._load.keeps(due - start, self._rng):
                    self._start(requests, sender, due)

    def _start(self, requests: asyncio.TaskGroup, sender: "_Sender", due: float) -> None:
        scenario = choose(self._rng, self._load.profile.only)
        if len(self._in_flight) >= MAX_IN_FLIGHT:
            self._record(scenario.name, "shed", 0.0)
            return
        request = requests.create_task(self._send(sender, scenario, due))
        self._in_flight.add(request)
        request.add_done_callback(self._in_flight.discard)

    async def _send(self, sender: "_Sender", scenario: Scenario, due: float) -> None:
        try:
            status_code = await sender.send(scenario.call(self._rng))
        except TimeoutError:
            result = "timeout"
        except aiohttp.ClientError:
            result = "unreachable"
        else:
            result = outcome(status_code)
        self._record(scenario.name, result, asyncio.get_running_loop().time() - due)


class _Sender:
    """Sender of requests with a token. After a 401 it fetches a new one and tries once more."""

    def __init__(self, session: aiohttp.ClientSession, tokens: Tokens) -> None:
        self._session = session
        self._tokens = tokens

    async def send(self, call: Call) -> int:
        """Return the status code of the response."""
        if call.stale_token:
            return await self._send(call, self._tokens.stale())
        token = await self._tokens.current()
        status_code = await self._send(call, token)
        if status_code == HTTPStatus.UNAUTHORIZED and token:
            self._tokens.reject(token)
            status_code = await self._send(call, await self._tokens.current())
        return status_code

    async def _send(self, call: Call, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self._session.request(
            call.method, call.path, json=call.body, headers=headers
        ) as answer:
            await answer.read()
            return answer.status


def next_arrival(due: float, now: float, gap_seconds: float) -> float:
    """Return the time of the next request, on the event loop's clock.

    The gap starts at the previous due time, so that a slow loop does not lower the rate. It
    starts later if the previous due time is more than `MAX_CATCH_UP_SECONDS` ago.
    """
    return max(due, now - MAX_CATCH_UP_SECONDS) + gap_seconds


def outcome(status_code: int) -> str:
    """Return the outcome of a response with *status_code*."""
    return {4: "client_error", 5: "server_error"}.get(status_code // 100, "ok")
