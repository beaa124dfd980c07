"""Guard of telemetry code: an exception is counted, logged once, and does not reach the service.

Only this module catches ``Exception``. The hot path in ``_server/request.py`` and
``_server/asgi.py`` is the exception: entering a guarded block costs more than some of its work.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol, TypeVar

from instrumentation.conventions import SIGHTLINE_INTERNAL_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

Value = TypeVar("Value")

LOGGER = logging.getLogger("instrumentation")


class Counter(Protocol):
    """Counter of one operation's failures."""

    def inc(self) -> None:
        """Count one failure."""


class NullCounter:
    """Counter that discards its value, for telemetry without a registry."""

    def __init__(self, _operation: str) -> None:
        pass

    def inc(self) -> None:
        """Do nothing."""


class Guard:
    """Factory of the operations under which telemetry code runs.

    Args:
        failures: Returns the counter of an operation's failures.
        strict: Raise failures, for tests of the instrumentation.
    """

    def __init__(self, failures: Callable[[str], Counter], *, strict: bool) -> None:
        self._failures = failures
        self._strict = strict
        self._operations: dict[str, Operation] = {}

    def operation(self, name: str) -> Operation:
        """Return the context manager that suppresses failures of *name*; reusable and cached."""
        if name not in self._operations:
            self._operations[name] = Operation(name, self._failures(name), strict=self._strict)
        return self._operations[name]


class Operation:
    """Reentrant context manager that suppresses, counts and logs exceptions of its block."""

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
        self._record(error)
        return not self._strict

    def record_failure(self, error: Exception) -> None:
        """Handle *error* as if a block had raised it; for the hot path, which catches it itself.

        Raises:
            Exception: *error*, when the guard is strict.
        """
        self._record(error)
        if self._strict:
            raise error

    def _record(self, error: Exception) -> None:
        self._failures.inc()
        if not self._logged:
            self._logged = True
            LOGGER.error(
                "instrumentation error in %s; the service is unaffected, but telemetry may be "
                "incomplete. The traceback shows the cause. Logged once; further errors are "
                "counted in %s_total",
                self._name,
                SIGHTLINE_INTERNAL_ERRORS,
                exc_info=error,
            )


def call_or(action: Callable[[], Value], otherwise: Callable[[], Value]) -> Value:
    """Return the result of *action*, or of *otherwise* when *action* raises an exception."""
    try:
        return action()
    except Exception:  # noqa: BLE001  a user's __str__ may raise anything
        return otherwise()


def safe_str(value: object) -> str:
    """Return ``str(value)``, or the name of its class when its ``__str__`` raises.

    The result is a plain string: a subclass may define its own comparison and encoding.
    """
    return call_or(lambda: str.__str__(str(value)), lambda: f"<{type(value).__name__}>")


def qualified_name(error: BaseException) -> str:
    """Return the class of *error* as ``module.Class``; builtins omit the module."""
    kind = type(error)
    hidden = kind.__module__ in {"builtins", None}
    return kind.__qualname__ if hidden else f"{kind.__module__}.{kind.__qualname__}"
