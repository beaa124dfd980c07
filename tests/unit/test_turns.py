"""Turns of requests: bounded, the newest first."""

import asyncio

from sightline.turns import Turns


async def take(turns: Turns, name: str, order: list[str]) -> None:
    async with turns:
        order.append(name)


async def waiting(turns: Turns, names: str, order: list[str]) -> list[asyncio.Task[None]]:
    """Start a task for each of *names*, in this order."""
    tasks = [asyncio.create_task(take(turns, name, order)) for name in names]
    await asyncio.sleep(0)
    return tasks


def test_the_newest_task_is_next() -> None:
    order: list[str] = []

    async def main() -> None:
        turns = Turns(1)
        async with turns:
            tasks = await waiting(turns, "abc", order)
        await asyncio.gather(*tasks)

    asyncio.run(main())

    assert order == ["c", "b", "a"]


def test_a_task_that_is_cancelled_gives_its_turn_back() -> None:
    order: list[str] = []

    async def main() -> None:
        turns = Turns(1)
        async with turns:
            a, b, c = await waiting(turns, "abc", order)
            b.cancel()
            await asyncio.sleep(0)
        c.cancel()  # it has its turn, but has not run since
        await asyncio.gather(a, b, c, return_exceptions=True)
        await take(turns, "later", order)

    asyncio.run(main())

    assert order == ["a", "later"]
