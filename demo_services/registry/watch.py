"""Watch of one service: blocking queries, whose answers are the addresses to call."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from demo_services.registry.absence import Absence
from demo_services.registry.agent import Agent, Answer, Found, RegistryError

WAIT_SECONDS: Final = 10.0
"""Time after which a query returns without a change, so that the age of a list stays low."""
RETRY_SECONDS: Final = 0.5
MIN_SECONDS_BETWEEN_QUERIES: Final = 0.1
"""Bound on the load of a registry whose index changes all the time."""

Listener = Callable[[Sequence[Found]], None]


class Watch:
    """Thread that asks for the serving instances of *service*, and keeps the last answer.

    Args:
        listener: Called from the thread with the instances of each answer.
    """

    def __init__(self, service: str, agent: Agent, listener: Listener) -> None:
        self._service = service
        self._agent = agent
        self._listener = listener
        self._answered_at = time.monotonic()
        self._absence = Absence(f"the list of {service} is kept")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch-{service}", daemon=True)

    def start(self) -> None:
        """Begin. It does not block."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._agent.abort()
        self._thread.join(timeout=1.0)

    def age_seconds(self) -> float:
        """Return the time since the last answer, or since the creation without one."""
        return time.monotonic() - self._answered_at

    def _run(self) -> None:
        index = 0
        while not self._stopping.is_set():
            answer = self._ask(index)
            # A registry that lost its state may count from the start: ask for all again.
            index = answer.index if answer and answer.index >= index else 0
            pause = MIN_SECONDS_BETWEEN_QUERIES if answer else RETRY_SECONDS
            self._stopping.wait(pause)

    def _ask(self, index: int) -> Answer | None:
        try:
            answer = self._agent.find(self._service, index=index, wait_seconds=WAIT_SECONDS)
        except RegistryError as error:
            self._absence.record(error)
            return None
        self._absence.end()
        self._answered_at = time.monotonic()
        self._listener(answer.instances)
        return answer
