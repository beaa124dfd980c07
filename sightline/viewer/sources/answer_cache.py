"""Cache of answers: all panels of a page query the same annotations at the same time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, TypeVar

Answer = TypeVar("Answer")

KEPT_SECONDS: Final = 2.0
"""Lifetime of an answer; shorter than any refresh interval."""


class AnswerCache:
    """Answers by question, including pending ones."""

    def __init__(self, *, kept_seconds: float = KEPT_SECONDS) -> None:
        self._kept_seconds = kept_seconds
        self._answers: dict[Hashable, tuple[float, asyncio.Future[Any]]] = {}

    async def get(self, question: Hashable, find: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return the cached answer or error for *question*, or call *find*."""
        now = time.monotonic()
        oldest = now - self._kept_seconds
        self._answers = {key: one for key, one in self._answers.items() if one[0] > oldest}
        if question not in self._answers:
            self._answers[question] = now, asyncio.ensure_future(find())
        found: Answer = await asyncio.shield(self._answers[question][1])
        return found
