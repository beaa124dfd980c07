"""Bodies that arrive slowly, or never completely."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from sightline.tracestore.ingest.bodies import MAX_BODY_BYTES, Bodies
from sightline.tracestore.ingest.errors import BodyTooLarge, Refused

MEGABYTE = b"x" * 1024 * 1024


async def arriving(*chunks: bytes, complete: bool = True) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    if not complete:
        await asyncio.Event().wait()


async def received(bodies: Bodies, chunks: AsyncIterator[bytes]) -> bytes | str:
    """Return the body, or the reason to refuse it."""
    try:
        with bodies.hold() as body:
            await body.read(chunks)
            return body.content
    except Refused as error:
        return str(error)


def test_a_body_that_does_not_arrive_in_time_is_refused() -> None:
    bodies = Bodies(seconds=0.01)

    assert asyncio.run(received(bodies, arriving(b"half", complete=False))) == (
        "the body did not arrive within 0 s"
    )


def test_the_oldest_unfinished_body_makes_room() -> None:
    bodies = Bodies(max_held_bytes=100)

    async def act() -> list[bytes | str]:
        half = [received(bodies, arriving(b"x" * 40, complete=False)) for _ in range(2)]
        stalled = [asyncio.create_task(one) for one in half]
        await asyncio.sleep(0)
        whole = await received(bodies, arriving(b"y" * 40))
        done, pending = await asyncio.wait(stalled, timeout=5, return_when="FIRST_COMPLETED")
        assert (done, pending) == ({stalled[0]}, {stalled[1]})
        return [whole, await done.pop()]

    assert asyncio.run(act()) == [b"y" * 40, "too many unfinished requests"]


async def expected(bodies: Bodies, chunks: AsyncIterator[bytes], size_bytes: int) -> bytes | str:
    """Return the body of a sender that may use *size_bytes*, or the reason to refuse it."""
    try:
        with bodies.hold() as body:
            await body.expect(size_bytes)
            await body.read(chunks)
            await asyncio.sleep(0)
            return body.content
    except Refused as error:
        return str(error)


def test_small_bodies_of_senders_that_may_send_more_are_all_read() -> None:
    bodies = Bodies(max_held_bytes=100)

    async def act() -> list[bytes | str]:
        sent = [expected(bodies, arriving(b"x"), 40) for _ in range(20)]
        return list(await asyncio.gather(*sent))

    assert asyncio.run(act()) == [b"x"] * 20


def test_a_stalled_body_makes_room_for_an_expected_one() -> None:
    bodies = Bodies(max_held_bytes=100)

    async def act() -> list[bytes | str]:
        stalled = [expected(bodies, arriving(complete=False), 40) for _ in range(2)]
        waiting = [asyncio.create_task(one) for one in stalled]
        await asyncio.sleep(0)
        whole = await expected(bodies, arriving(b"y"), 40)
        done, pending = await asyncio.wait(waiting, timeout=5, return_when="FIRST_COMPLETED")
        assert (done, pending) == ({waiting[0]}, {waiting[1]})
        return [whole, await done.pop()]

    assert asyncio.run(act()) == [b"y", "too many unfinished requests"]


def test_a_complete_body_stays_while_an_older_one_is_incomplete() -> None:
    bodies = Bodies(max_held_bytes=100)

    async def act() -> tuple[str, bool]:
        with bodies.hold() as complete:
            await complete.read(arriving(b"x" * 40))
            half = asyncio.create_task(received(bodies, arriving(b"y" * 40, complete=False)))
            await asyncio.sleep(0)
            await received(bodies, arriving(b"z" * 40))
            return str(await half), complete.evicted

    assert asyncio.run(act()) == ("too many unfinished requests", False)


def test_no_body_is_held_after_the_end() -> None:
    bodies = Bodies()

    async def act() -> list[bytes | str]:
        early = asyncio.create_task(received(bodies, arriving(b"half", complete=False)))
        await asyncio.sleep(0)
        bodies.close()
        return [await early, await received(bodies, arriving(b"late", complete=False))]

    assert asyncio.run(act()) == ["the trace store stops"] * 2


def test_the_memory_of_a_finished_body_is_free_again() -> None:
    bodies = Bodies(max_held_bytes=100)

    async def act() -> list[bytes | str]:
        return [await received(bodies, arriving(b"x" * 90)) for _ in range(3)]

    assert asyncio.run(act()) == [b"x" * 90] * 3


def test_a_body_above_the_limit_is_not_read_to_its_end() -> None:
    async def act() -> None:
        chunks = arriving(*[MEGABYTE] * (MAX_BODY_BYTES // len(MEGABYTE) + 1), complete=False)
        await received(Bodies(), chunks)

    with pytest.raises(BodyTooLarge):
        asyncio.run(act())


def test_a_refused_body_is_free_before_the_garbage_collector_runs(
    held_bytes: Callable[[], int],
) -> None:
    bodies = Bodies(max_held_bytes=2 * len(MEGABYTE))

    async def act() -> list[bytes | str]:
        half = [received(bodies, arriving(MEGABYTE, complete=False)) for _ in range(20)]
        stalled = [asyncio.create_task(one) for one in half]
        done, _ = await asyncio.wait(stalled, timeout=5, return_when="FIRST_COMPLETED")
        assert len(done) == 18
        assert held_bytes() < 4 * len(MEGABYTE)
        return [one.result() for one in done]

    assert asyncio.run(act()) == ["too many unfinished requests"] * 18
