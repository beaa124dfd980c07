"""Equal questions are asked once."""

import asyncio

import pytest

from sightline.viewer.sources.answer_cache import AnswerCache
from sightline.viewer.sources.upstream import SourceError


class Source:
    """Counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def answer(self) -> int:
        self.asked += 1
        await asyncio.sleep(0)
        return self.asked

    async def fail(self) -> int:
        self.asked += 1
        raise SourceError("gone")


def test_questions_at_the_same_moment_share_one_answer() -> None:
    async def ask() -> list[int]:
        cache, source = AnswerCache(), Source()
        return list(await asyncio.gather(*(cache.get("up", source.answer) for _ in range(5))))

    assert asyncio.run(ask()) == [1, 1, 1, 1, 1]


def test_another_question_has_an_answer_of_its_own() -> None:
    async def ask() -> tuple[int, int]:
        cache, source = AnswerCache(), Source()
        return await cache.get("up", source.answer), await cache.get("down", source.answer)

    assert asyncio.run(ask()) == (1, 2)


def test_an_old_answer_is_asked_for_again() -> None:
    async def ask() -> tuple[int, int]:
        cache, source = AnswerCache(kept_seconds=0.0), Source()
        return await cache.get("up", source.answer), await cache.get("up", source.answer)

    assert asyncio.run(ask()) == (1, 2)


def test_a_failure_is_shared_too() -> None:
    source = Source()

    async def ask() -> None:
        cache = AnswerCache()
        await asyncio.gather(
            *(cache.get("up", source.fail) for _ in range(3)), return_exceptions=True
        )
        await cache.get("up", source.fail)

    with pytest.raises(SourceError):
        asyncio.run(ask())
    assert source.asked == 1
