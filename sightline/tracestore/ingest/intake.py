"""Reading and decoding of requests, in four sizes.

A request waits only for requests of its own size, so that a large one delays no other, and the
memory of decoded requests is bounded.
"""

from collections.abc import AsyncIterator, Callable
from typing import Final, TypeVar

from anyio import CapacityLimiter, to_thread

from sightline.tracestore.ingest.bodies import MAX_BODY_BYTES, Bodies, Body
from sightline.tracestore.ingest.compression import decompress
from sightline.tracestore.ingest.errors import BodyTooLarge, MalformedRequest

TINY_BYTES: Final = 4 * 1024
"""Decoded on the event loop, in a few milliseconds, even if each span has two bytes."""

SMALL_BYTES: Final = 64 * 1024
"""Batches of 200 usual spans."""

MEDIUM_BYTES: Final = 512 * 1024
"""Batches of 512 spans, as exporters send them by default."""

Result = TypeVar("Result")


class Intake:
    """Reading and decoding of the requests of all receivers."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        sizes = (SMALL_BYTES, MEDIUM_BYTES, MAX_BODY_BYTES)
        self._limiters = {size: CapacityLimiter(1) for size in sizes}

    async def read(
        self,
        chunks: AsyncIterator[bytes],
        decode: Callable[[bytes], Result],
        *,
        encoding: str = "",
        expected_bytes: int = 0,
    ) -> Result:
        """Return what *decode* makes of the decompressed body in *chunks*.

        Args:
            chunks: Body as it arrives.
            decode: Called on the event loop or in a thread.
            encoding: Content encoding.
            expected_bytes: Memory that the sender may use before the first chunk is returned.

        Raises:
            MalformedRequest: The body is too large, or *decode* rejects it.
            Refused: The body took too long, or newer requests needed its memory.
        """
        with self._bodies.hold() as body:
            if expected_bytes:
                await body.expect(expected_bytes)
            await body.read(chunks)
            return _result(await self._decode(body, decode, encoding))

    async def _decode(
        self, body: Body, decode: Callable[[bytes], Result], encoding: str
    ) -> Result | MalformedRequest:
        def decoded(max_bytes: int) -> Result:
            return decode(decompress(body.content, encoding, max_bytes=max_bytes))

        def bounded(max_bytes: int) -> Result | MalformedRequest:
            return _outcome(decoded, max_bytes)

        # Decompression takes time by the size before it, too: blocks may be empty.
        size = len(body.content)
        outcome = bounded(TINY_BYTES) if size <= TINY_BYTES else BodyTooLarge()
        for max_bytes, limiter in self._limiters.items():
            if isinstance(outcome, BodyTooLarge) and size <= max_bytes:
                outcome = await to_thread.run_sync(bounded, max_bytes, limiter=limiter)
        return outcome


def _outcome(decode: Callable[[int], Result], max_bytes: int) -> Result | MalformedRequest:
    """Return what *decode* returns, or the error it raises, which then refers to no frame.

    The frames of an error have the body and its decoded form. A future that raises the error would
    keep them in a reference cycle until the garbage collector runs.
    """
    try:
        return decode(max_bytes)
    except MalformedRequest as error:
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)


def _result(outcome: Result | MalformedRequest) -> Result:
    """Return *outcome*, or raise it."""
    try:
        if isinstance(outcome, MalformedRequest):
            raise outcome
        return outcome
    finally:
        del outcome
