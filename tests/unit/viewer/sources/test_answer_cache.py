"""Cache of answers."""

import asyncio

import pytest

from sightline.viewer.sources.answer_cache import AnswerCache
from sightline.viewer.sources.upstream import SourceError


class Source:
    """A source that counts its questions."""

    def __init__(self) -> None:
        self.asked = 0

    async def answer(self) -> int:
        self.asked += 1
        await asyncio.sleep(0)
        return self.asked

    async def fail(self) -> int:
        self.asked += 1
        raise SourceError("gone")


def test_concurrent_equal_questions_share_one_answer() -> None:
    async def ask() -> list[int]:
        cache, source = AnswerCache(), Source()
        return list(await asyncio.gather(*(cache.get("up", source.answer) for _ in range(5))))

    assert asyncio.run(ask()) == [1, 1, 1, 1, 1]


def test_different_questions_have_different_answers() -> None:
    async def ask() -> tuple[int, int]:
        cache, source = AnswerCache(), Source()
        return await cache.get("up", source.answer), await cache.get("down", source.answer)

    assert asyncio.run(ask()) == (1, 2)


def test_an_expired_answer_is_fetched_again() -> None:
    async def ask() -> tuple[int, int]:
        cache, source = AnswerCache(kept_seconds=0.0), Source()
        return await cache.get("up", source.answer), await cache.get("up", source.answer)

    assert asyncio.run(ask()) == (1, 2)


def test_concurrent_questions_share_an_error() -> None:
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
