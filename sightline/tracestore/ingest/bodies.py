"""Bodies of requests that arrive or wait for their decoding, bounded in time and in sum."""

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Final, Self

import anyio

from sightline.tracestore.ingest.errors import BodyTooLarge, Refused

MAX_BODY_BYTES: Final = 20 * 1024 * 1024
"""Before and after decompression. Source: Jaeger's receiver, `max_request_body_size`."""

MAX_HELD_BYTES: Final = 48 * 1024 * 1024
"""Sum of all bodies. Above it the oldest body is refused, because a client that stopped in the
middle is older than one that sends."""

BODY_SECONDS: Final = 30.0
"""Time from the first byte to the decoded request: three times the timeout of an exporter."""


STALLED_SECONDS: Final = 0.5
"""Age from which a body makes room for a new one. A complete one is usually decoded by then."""

_PAUSE_SECONDS: Final = 0.1
"""Time between two looks for stalled bodies."""


class Body:
    """Body of one request, as a context manager that holds its bytes for the duration of the block.

    The end of the block releases the bytes, also while a traceback refers to the block's frames: a
    refused body would otherwise stay in memory until the garbage collector runs.
    """

    def __init__(self, bodies: "Bodies", scope: anyio.CancelScope) -> None:
        self._bodies = bodies
        self._scope = scope
        self._started = anyio.current_time()
        self.evicted = False
        self.complete = False
        self.content = b""
        """Bytes of the body after `read`, until the end of the block."""
        self.held_bytes = 0

    # No generator with `contextlib.contextmanager`: since Python 3.12, the frame of one that
    # replaces an exception is in a reference cycle with it.
    def __enter__(self) -> Self:
        """Start the timeout."""
        self._scope.__enter__()
        self._bodies.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release the bytes.

        Raises:
            Refused: The block took too long, or newer requests needed the memory.
        """
        self._bodies.remove(self)
        self.content = b""
        self._scope.__exit__(kind, error, traceback)
        if self._scope.cancelled_caught:
            raise self._bodies.refusal(evicted=self.evicted) from None

    async def expect(self, size_bytes: int) -> None:
        """Count *size_bytes*, until `read` knows the actual size.

        Waits for room, while bodies are complete within `STALLED_SECONDS`.
        """
        while not self._bodies.has_room(size_bytes):
            self._bodies.evict_stalled()
            await self._bodies.released(_PAUSE_SECONDS)
        self._resize(size_bytes)

    def _resize(self, size_bytes: int) -> None:
        """Count *size_bytes* instead of what was counted; this may evict the oldest body."""
        change, self.held_bytes = size_bytes - self.held_bytes, size_bytes
        self._bodies.count(change, of=self)

    async def read(self, chunks: AsyncIterator[bytes]) -> None:
        """Read the body that arrives in *chunks* into `content`.

        Raises:
            BodyTooLarge: The body exceeds `MAX_BODY_BYTES`; the rest is not read.
        """
        first, others = b"", bytearray()
        size_bytes, expected_bytes = 0, self.held_bytes
        try:
            async for chunk in chunks:
                size_bytes += len(chunk)
                if size_bytes > MAX_BODY_BYTES:
                    raise BodyTooLarge
                self._resize(max(size_bytes, expected_bytes))
                if first:
                    others += chunk
                else:
                    first = chunk
            # A single part is not copied.
            self.content = first + others if others else first
            self.complete = True
            self._resize(size_bytes)
        finally:
            first = b""
            others.clear()

    @property
    def stalled(self) -> bool:
        """True if the body holds memory for longer than usual ones."""
        age = anyio.current_time() - self._started
        return bool(self.held_bytes) and not self.evicted and age >= STALLED_SECONDS

    def evict(self) -> None:
        """End the request with `Refused`."""
        self.evicted = True
        self._scope.cancel()


class Bodies:
    """Bodies of all requests; for the event loop only."""

    def __init__(
        self, *, max_held_bytes: int = MAX_HELD_BYTES, seconds: float = BODY_SECONDS
    ) -> None:
        self._max_held_bytes = max_held_bytes
        self._seconds = seconds
        self._held: list[Body] = []
        self._bytes = 0
        self._released = anyio.Event()
        self._closed = False

    def hold(self) -> Body:
        """Return a new body; it is held in a ``with`` block."""
        return Body(self, anyio.move_on_after(self._seconds))

    def add(self, body: Body) -> None:
        """Hold *body*, which is empty."""
        self._held.append(body)
        if self._closed:
            body.evict()

    def remove(self, body: Body) -> None:
        """Hold *body* no longer."""
        self._held.remove(body)
        self.count(-body.held_bytes, of=body)

    def refusal(self, *, evicted: bool) -> Refused:
        """Return the error of a body that was evicted, or took too long."""
        if self._closed:
            return Refused("the trace store stops")
        if evicted:
            return Refused("too many unfinished requests")
        return Refused(f"the body did not arrive within {self._seconds:.0f} s")

    def has_room(self, size_bytes: int) -> bool:
        """Return true if *size_bytes* more evict no body."""
        return self._bytes + size_bytes <= self._max_held_bytes

    async def released(self, seconds: float) -> None:
        """Wait until a body takes less room, for *seconds* at most."""
        with anyio.move_on_after(seconds):
            await self._released.wait()

    def evict_stalled(self) -> None:
        """Evict the oldest stalled body, an incomplete one if possible."""
        stalled = [body for body in self._held if body.stalled]
        for body in sorted(stalled, key=lambda body: body.complete)[:1]:
            body.evict()

    def count(self, size_bytes: int, *, of: Body) -> None:
        """Count *size_bytes*, which may be negative, *of* a body; evict the oldest above the limit.

        Incomplete ones are evicted first.
        """
        self._bytes += size_bytes
        if size_bytes < 0:
            self._released.set()
            self._released = anyio.Event()
        excess = self._bytes - self._max_held_bytes
        if excess <= 0:
            return
        for body in sorted(self._held, key=lambda body: (body is of, body.complete)):
            if excess > 0 and body.held_bytes:
                excess -= body.held_bytes
                body.evict()

    def close(self) -> None:
        """Evict every body, also later ones."""
        self._closed = True
        for body in self._held:
            body.evict()
