"""Equal questions asked once: the panels of a page want the same annotations at the same moment."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, TypeVar

Answer = TypeVar("Answer")

KEPT_SECONDS: Final = 2.0
"""How long an answer counts as new: less than any refresh."""


class Memory:
    """Answers by question, those under way too."""

    def __init__(self, *, kept_seconds: float = KEPT_SECONDS) -> None:
        self._kept_seconds = kept_seconds
        self._answers: dict[Hashable, tuple[float, asyncio.Future[Any]]] = {}

    async def ask(self, question: Hashable, find: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer to *question*, which *find* finds unless it is known; its error counts too."""
        now = time.monotonic()
        oldest = now - self._kept_seconds
        self._answers = {key: one for key, one in self._answers.items() if one[0] > oldest}
        if question not in self._answers:
            self._answers[question] = now, asyncio.ensure_future(find())
        found: Answer = await asyncio.shield(self._answers[question][1])
        return found
