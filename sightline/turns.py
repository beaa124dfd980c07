"""Work of requests, so much at a time, the newest first.

Many clients at the same time then delay a later request by few others only. The clients of the
oldest requests have often left.
"""

from anyio import Event


class Turns:
    """Turns of a bounded number of tasks, in ``async with`` blocks; for the event loop only."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: list[Event] = []

    async def __aenter__(self) -> None:
        """Wait for a turn."""
        if self._free:
            self._free -= 1
            return
        turn = Event()
        self._waiting.append(turn)
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():
                self._release()
            else:
                self._waiting.remove(turn)
            raise

    async def __aexit__(self, *_: object) -> None:
        """Give the turn to the newest task."""
        self._release()

    def _release(self) -> None:
        if self._waiting:
            self._waiting.pop().set()
        else:
            self._free += 1
