"""Connection to NATS JetStream that is opened at the first use, and again after each failure.

The client library could reconnect by itself, but keeps requests waiting meanwhile. Here a request
fails at once, and `backoff.py` decides about the next attempt, as for the other bus.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from urllib.parse import urlsplit

from nats.aio.client import Client
from nats.errors import Error
from nats.js.api import ConsumerConfig, StorageType, StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import BadRequestError

from demo_services.events.bus import BusUnavailableError

_LOG: Final = logging.getLogger(__name__)

REQUEST_SECONDS: Final = 2.0
"""Limit on the wait for the server's response, and on opening the connection."""
PING_SECONDS: Final = 5
"""Interval of the probes that find a server which vanished without closing the connection."""

EVENTS: Final = "EVENTS"
DEAD_LETTERS: Final = "DEAD_LETTERS"
RETAINED: Final = 100_000
"""Events that the stream keeps, consumed or not: at the default traffic those of two days."""
RETAINED_DEAD_LETTERS: Final = 1_000
_MIB: Final = 1024 * 1024
_STREAMS: Final = (
    StreamConfig(
        name=EVENTS,
        subjects=["event.>"],
        storage=StorageType.FILE,
        max_msgs=RETAINED,
        max_bytes=128 * _MIB,
        duplicate_window=120,
    ),
    StreamConfig(
        name=DEAD_LETTERS,
        subjects=["dead_letter.>"],
        storage=StorageType.FILE,
        max_msgs=RETAINED_DEAD_LETTERS,
        max_bytes=16 * _MIB,
        duplicate_window=120,
    ),
)

Result = TypeVar("Result")
Work = Callable[[Client], Awaitable[Result]]


class NatsConnection:
    """Connection to the server that *url* names."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._server = urlsplit(url).hostname
        self._client: Client | None = None
        self._lock = asyncio.Lock()
        self._consumers: set[str | None] = set()
        """Names of the consumers that exist since the connection was opened."""

    async def run(self, work: Work[Result], *, consumer: ConsumerConfig | None = None) -> Result:
        """Run *work* on the connection, which is closed if it fails.

        Args:
            work: Requests with a limited duration.
            consumer: Consumer of the events that must exist.

        Raises:
            BusUnavailableError: The server does not answer, or refuses the request.
        """
        client: Client | None = None
        try:
            client = await self._opened()
            if consumer and consumer.durable_name not in self._consumers:
                await jetstream(client).add_consumer(EVENTS, consumer)
                self._consumers.add(consumer.durable_name)
            result = await work(client)
        except (Error, OSError, TimeoutError) as error:
            await self._drop(client)
            _propagate_cancellation()
            reason = str(error) or type(error).__name__
            raise BusUnavailableError(f"NATS on {self._server}: {reason}") from error
        _propagate_cancellation()
        return result

    async def close(self) -> None:
        """Close the connection."""
        await self._drop(self._client)

    async def _opened(self) -> Client:
        async with self._lock:
            if self._client is None or self._client.is_closed:
                self._consumers.clear()
                self._client = await self._open()
            return self._client

    async def _open(self) -> Client:
        client = Client()
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                await client.connect(
                    self._url,
                    allow_reconnect=False,
                    connect_timeout=int(REQUEST_SECONDS),
                    error_cb=_log_failure,
                    max_reconnect_attempts=1,
                    ping_interval=PING_SECONDS,
                    reconnect_time_wait=0,
                )
                for stream in _STREAMS:
                    await _create(jetstream(client), stream)
        except BaseException:
            await _close(client)
            raise
        return client

    async def _drop(self, client: Client | None) -> None:
        if client is None:
            return
        if client is self._client:
            self._client = None
        await _close(client)


def jetstream(client: Client) -> JetStreamContext:
    """Return the interface of streams and consumers on the connection of *client*."""
    return client.jetstream(timeout=REQUEST_SECONDS)


async def _create(streams: JetStreamContext, stream: StreamConfig) -> None:
    """Create *stream* unless it exists, and give it the present limits."""
    try:
        await streams.add_stream(stream)
    except BadRequestError:  # it exists with other limits
        await streams.update_stream(stream)


async def _close(client: Client) -> None:
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            await client.close()
    except (Error, OSError, TimeoutError) as error:
        await _log_failure(error)


async def _log_failure(error: Exception) -> None:
    # The caller gets the failure as an exception, which is logged once for many.
    _LOG.debug("NATS: %r", error)


def _propagate_cancellation() -> None:
    """Raise CancelledError if this task is cancelled.

    The client library may hide it: `asyncio.wait_for` of Python 3.11 returns a result that arrives
    at the same time.
    """
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError
