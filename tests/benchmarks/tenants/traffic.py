"""Requests of many tenants over shared connections, with a check of every response."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Final

from tests.benchmarks.tenants.connection import Answer, Connection, request
from tests.benchmarks.tenants.identity import Identity, tenant_of

TENANTS: Final = 32
CONNECTIONS: Final = 32
HANGS_AFTER_SECONDS: Final = 20.0
SIZES: Final = (1_000, 10_000, 70_000, 300_000, 1_000_000)
"""Bytes of an upload, below and above the limit at which a server stops reading ahead."""
ANONYMOUS: Final = 0.1
"""Ratio of requests without trace and baggage."""
ACTS: Final = ("value",) * 20 + ("finalizer",) * 20 + ("thread",) * 8 + ("fork",)
ACTING: Final = 0.2
"""Ratio of requests whose handler does one of ACTS."""

Caller = tuple[Identity | None, dict[str, str]]
"""Identity, or None for an anonymous request, and its headers."""


class Traffic:
    """Load on one server with counts of failures.

    Args:
        port: Port of the server.
        forks: Let handlers fork.
        seed: Seed of every choice.
    """

    def __init__(self, port: int, *, forks: bool, seed: int = 1) -> None:
        self._port = port
        self._acts = ACTS if forks else ACTS[:-1]
        self._random = random.Random(seed)  # noqa: S311  load, not secrets
        self._numbers = count(1)
        self.sent = 0
        self.crossed = 0
        """Responses with the trace or baggage of another caller."""
        self.hung = False
        """True after a timeout. No more requests are sent."""
        self.failed: Counter[str] = Counter()
        """Requests without the expected response, by kind and cause."""

    async def run(self, requests: int) -> None:
        """Send about *requests* requests."""
        until = self.sent + requests
        await asyncio.gather(*(self._share(until) for _ in range(CONNECTIONS)))

    async def _share(self, until: int) -> None:
        connection = Connection(self._port)
        while self.sent < until and not self.hung:
            kind = self._random.choice(KINDS)
            try:
                async with asyncio.timeout(HANGS_AFTER_SECONDS):
                    await kind(self, connection)
            except (OSError, EOFError, ValueError, TimeoutError) as error:
                self.hung |= isinstance(error, TimeoutError)
                self.failed[f"{kind.__name__}: {type(error).__name__}"] += 1
                connection.abort()
        connection.abort()

    def _caller(self) -> Caller:
        self.sent += 1
        number = next(self._numbers)
        acts = self._random.random() < ACTING
        act = {"x-act": self._random.choice(self._acts)} if acts else {}
        if self._random.random() < ANONYMOUS:
            return None, act
        identity = Identity(self._random.randrange(TENANTS), number)
        return identity, {**identity.headers, **act}

    async def plain(self, connection: Connection) -> None:
        """Request a short response."""
        identity, headers = self._caller()
        self._check(await connection.ask(request("GET", "/plain", headers)), [identity])

    async def pipelined(self, connection: Connection) -> None:
        """Send three requests in one write."""
        callers = [self._caller() for _ in range(3)]
        requests = [request("GET", "/plain", headers) for _, headers in callers]
        self._check(await connection.ask(*requests), [identity for identity, _ in callers])

    async def upload(self, connection: Connection) -> None:
        """Send a body."""
        identity, headers = self._caller()
        body = bytes(self._random.choice(SIZES))
        self._check(await connection.ask(request("POST", "/upload", headers, body)), [identity])

    async def stream(self, connection: Connection) -> None:
        """Read a response in chunks."""
        identity, headers = self._caller()
        self._check(await connection.ask(request("GET", "/stream", headers)), [identity])

    async def failing(self, connection: Connection) -> None:
        """Request an error."""
        _, headers = self._caller()
        (answer,) = await connection.ask(request("GET", "/failing", headers))
        connection.abort()  # uvicorn closes it, too
        self.failed["failing: not 500"] += answer.status != 500

    async def abort_upload(self, connection: Connection) -> None:
        """Reset the connection in the middle of a body."""
        _, headers = self._caller()
        await connection.break_off(request("POST", "/upload", headers, bytes(1_000), size=300_000))

    async def abort_stream(self, connection: Connection) -> None:
        """Reset the connection before the response."""
        _, headers = self._caller()
        await connection.break_off(request("GET", "/stream", headers))

    async def websocket(self, connection: Connection) -> None:
        """Exchange one WebSocket message."""
        identity, headers = self._caller()
        body = await connection.converse("/socket", headers)
        self._check([Answer(200, {}, body)], [identity])

    def _check(self, answers: Sequence[Answer], identities: Sequence[Identity | None]) -> None:
        for answer, identity in zip(answers, identities, strict=True):
            seen = [json.loads(line) for line in answer.body.splitlines()]
            self.crossed += not all(belongs(line, identity) for line in seen)
            self.failed["no answer"] += not seen


def belongs(seen: dict[str, object], identity: Identity | None) -> bool:
    """Return true if *seen* is the context of the caller *identity*."""
    if identity is None:
        return seen["baggage"] == {} and tenant_of(str(seen["trace"])) is None
    return seen == {"trace": identity.trace_id, "baggage": {"tenant": str(identity.tenant)}}


KINDS: Final[tuple[Callable[[Traffic, Connection], Awaitable[None]], ...]] = (
    *(Traffic.plain,) * 8,
    *(Traffic.pipelined,) * 2,
    *(Traffic.upload,) * 3,
    *(Traffic.stream,) * 2,
    *(Traffic.failing,),
    *(Traffic.abort_upload,),
    *(Traffic.abort_stream,),
    *(Traffic.websocket,),
)
"""Kinds of requests, as often as they are sent."""
