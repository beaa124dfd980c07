"""Event loop of the current task, asyncio or trio, for the few functions that the package needs.

AnyIO offers the same functions, but an app without FastAPI or Starlette may not have it installed.
"""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager, suppress
from typing import Any, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Value = TypeVar("Value")

Tick = Callable[[float], None]
"""Function of the delay in seconds."""


def current_loop() -> Hashable:
    """Return the loop of asyncio, or the token of trio's run.

    Raises:
        RuntimeError: No event loop runs in this thread.
    """
    return _trio_token() or asyncio.get_running_loop()


def in_trio() -> bool:
    """Return True when the current task is trio's."""
    return _trio_token() is not None


def _trio_token() -> Any:
    trio: Any = sys.modules.get("trio")
    if trio is not None:
        with suppress(RuntimeError):  # no run in this thread
            return trio.lowlevel.current_trio_token()
    return None


def run_in_thread(
    function: Callable[Parameters, Value], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Awaitable[Value]:
    """Return the result of *function*, which runs in a worker thread of the loop."""
    if in_trio():
        found: Awaitable[Value] = sys.modules["trio"].to_thread.run_sync(
            lambda: function(*args, **kwargs)
        )
        return found
    return asyncio.to_thread(function, *args, **kwargs)


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncIterator[Callable[[], None]]:
    """Cancel the block after *seconds*. The value is a function that removes the limit.

    Raises:
        TimeoutError: The block was canceled.
    """
    if in_trio():
        with sys.modules["trio"].move_on_after(seconds) as scope:
            yield lambda: setattr(scope, "deadline", math.inf)
        if scope.cancelled_caught:
            raise TimeoutError
        return
    async with asyncio.timeout(seconds) as limit:
        yield lambda: limit.reschedule(None)


class AsyncioTicker:
    """Repeated call of *tick* on the running loop of asyncio, until the loop is closed."""

    def __init__(self, seconds: float, tick: Tick) -> None:
        self._seconds = seconds
        self._tick = tick
        self._loop = asyncio.get_running_loop()
        self._schedule(self._loop.time())

    @property
    def stopped(self) -> bool:
        """True when *tick* is not called any more."""
        return self._loop.is_closed()

    def stop(self) -> None:
        """Stop the calls. Thread-safe."""
        if not self.stopped:
            self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        self._handle.cancel()

    def _schedule(self, now: float) -> None:
        self._handle = self._loop.call_later(self._seconds, self._run, now)

    def _run(self, scheduled_at: float) -> None:
        now = self._loop.time()
        self._tick(max(0.0, now - scheduled_at - self._seconds))
        self._schedule(now)


class TrioTicker:
    """Repeated call of *tick* in the running loop of trio, until the run ends."""

    def __init__(self, seconds: float, tick: Tick) -> None:
        self._seconds = seconds
        self._tick = tick
        self._trio: Any = sys.modules["trio"]
        self._token = self._trio.lowlevel.current_trio_token()
        self._scope = self._trio.CancelScope()
        self.stopped = False
        """True when *tick* is not called any more."""

        self._trio.lowlevel.spawn_system_task(self._run, name="sightline-event-loop-delay")

    def stop(self) -> None:
        """Stop the calls. Thread-safe."""
        with suppress(self._trio.RunFinishedError):
            self._token.run_sync_soon(self._scope.cancel)

    async def _run(self) -> None:
        try:
            with self._scope:
                while True:
                    due_at = self._trio.current_time() + self._seconds
                    await self._trio.sleep_until(due_at)
                    self._tick(max(0.0, self._trio.current_time() - due_at))
        finally:
            self.stopped = True


Ticker = AsyncioTicker | TrioTicker


def tick_every(seconds: float, tick: Tick) -> Ticker:
    """Call *tick* every *seconds* on the current loop, until the loop ends or the ticker stops."""
    return TrioTicker(seconds, tick) if in_trio() else AsyncioTicker(seconds, tick)
