"""Guard of the instrumentation's own code: failures are counted and logged once.

This module alone may catch ``Exception``. ``_server/request.py`` and ``_server/asgi.py`` do so in
its place, because entering and leaving a guarded block takes longer than some of their work.
"""

import logging
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, TypeVar

Value = TypeVar("Value")

LOGGER = logging.getLogger("instrumentation")


class Counter(Protocol):
    """What counts the failures of one operation."""

    def inc(self) -> None:
        """Count one more."""


class Uncounted:
    """Counts nothing: for telemetry without a registry."""

    def __init__(self, _operation: str) -> None:
        pass

    def inc(self) -> None:
        """Count one more: nowhere."""


class Guard:
    """Hands out the operations that telemetry code runs under.

    Args:
        failures: Gives the counter of an operation's failures.
        strict: Whether failures are raised, as tests of the instrumentation want.
    """

    def __init__(self, failures: Callable[[str], Counter], *, strict: bool) -> None:
        self._failures = failures
        self._strict = strict
        self._operations: dict[str, Operation] = {}

    def operation(self, name: str) -> "Operation":
        """A context manager that swallows failures of *name*; made once, entered often."""
        if name not in self._operations:
            self._operations[name] = Operation(name, self._failures(name), strict=self._strict)
        return self._operations[name]


class Operation:
    """A reentrant context manager; a block that fails ends there and the caller goes on."""

    __slots__ = ("_failures", "_logged", "_name", "_strict")

    def __init__(self, name: str, failures: Counter, *, strict: bool) -> None:
        self._name = name
        self._failures = failures
        self._strict = strict
        self._logged = False

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if kind is None:
            return False
        if not isinstance(error, Exception):
            return False
        self._note(error)
        return not self._strict

    def failed(self, error: Exception) -> None:
        """As a block that raised *error*, for who catches it himself: the hot path.

        Raises:
            Exception: *error*, under tests of the instrumentation.
        """
        self._note(error)
        if self._strict:
            raise error

    def _note(self, error: Exception) -> None:
        self._failures.inc()
        if not self._logged:
            self._logged = True
            LOGGER.error(
                "telemetry failed in %s; the service goes on and this is logged once, "
                "further failures are counted in sightline_internal_errors_total",
                self._name,
                exc_info=error,
            )


def attempted(action: Callable[[], Value], otherwise: Callable[[], Value]) -> Value:
    """What *action* gives or, when the user's objects fail in it, what *otherwise* gives."""
    try:
        return action()
    except Exception:  # noqa: BLE001  a user's __str__ may raise anything
        return otherwise()


def described(value: object) -> str:
    """Return ``str(value)``, or the name of its class when the service's ``__str__`` fails.

    The result is a plain string: a subclass may define its own comparison and encoding.
    """
    return attempted(lambda: str.__str__(str(value)), lambda: f"<{type(value).__name__}>")


def qualified_name(error: BaseException) -> str:
    """The class of *error* as ``module.Class``, builtins without the module."""
    kind = type(error)
    hidden = kind.__module__ in {"builtins", None}
    return kind.__qualname__ if hidden else f"{kind.__module__}.{kind.__qualname__}"
