"""Requests that are rejected, in each of the four sizes."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest

from sightline.tracestore.ingest.bodies import Bodies
from sightline.tracestore.ingest.errors import MalformedRequest
from sightline.tracestore.ingest.intake import MEDIUM_BYTES, SMALL_BYTES, TINY_BYTES, Intake

EMPTY_BLOCK = b"\0\0\0\xff\xff"
LAST_BLOCK = b"\1\0\0\xff\xff"


async def arriving(size_bytes: int) -> AsyncIterator[bytes]:
    yield b"x" * size_bytes


def reject(body: bytes) -> None:
    decoded = bytearray(body)
    try:
        decoded.decode().index("y")
    except ValueError as error:
        raise MalformedRequest(f"malformed: {error}") from error


@pytest.mark.parametrize("size_bytes", [TINY_BYTES, SMALL_BYTES, MEDIUM_BYTES, MEDIUM_BYTES + 1])
def test_a_rejected_body_is_free_before_the_garbage_collector_runs(
    held_bytes: Callable[[], int], size_bytes: int
) -> None:
    intake = Intake(Bodies())

    async def act() -> int:
        for _ in range(50):
            with suppress(MalformedRequest):
                await intake.read(arriving(size_bytes), reject)
        return held_bytes()

    assert asyncio.run(act()) < 3 * size_bytes + 40_000


async def arriving_empty(size_bytes: int) -> AsyncIterator[bytes]:
    """Yield gzip of at least *size_bytes* that is empty after decompression."""
    blocks = EMPTY_BLOCK * (size_bytes // len(EMPTY_BLOCK) + 1)
    yield b"\x1f\x8b\x08" + bytes(7) + blocks + LAST_BLOCK + bytes(8)


@pytest.mark.parametrize("size_bytes", [TINY_BYTES, SMALL_BYTES, MEDIUM_BYTES])
def test_a_large_body_is_decompressed_in_a_thread_even_if_nothing_is_left(size_bytes: int) -> None:
    async def act() -> tuple[bytes, threading.Thread]:
        return await Intake(Bodies()).read(
            arriving_empty(size_bytes),
            lambda body: (body, threading.current_thread()),
            encoding="gzip",
        )

    body, thread = asyncio.run(act())

    assert body == b""
    assert thread is not threading.main_thread()
