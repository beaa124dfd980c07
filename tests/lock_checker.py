"""Lock checker, which reports code of the service that runs while the library holds a lock.

It replaces every lock of `instrumentation` in a separate process. Directly after an acquisition and
before a release, a garbage collection runs a finalizer and a signal runs its handler, because both
can happen anywhere. A second acquisition by the same thread is reported instead of hanging.
"""

# ruff: noqa: ANN401, SLF001  any lock type, with its private methods

import gc
import json
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Final

CHECKED_MODULES: Final = ("instrumentation", "prometheus_client")
"""Modules whose locks are checked. Metrics are counted under the locks of the second."""


class SelfDeadlockError(RuntimeError):
    """A thread waits for a lock that it holds."""


class _Thread(threading.local):
    def __init__(self) -> None:
        self.held: list[CheckedLock] = []
        self.interrupted = False


class Checker:
    """Registry of held locks by thread.

    Args:
        interrupt: Finalizer or signal handler of the service.
    """

    def __init__(self, interrupt: Callable[[], None] = lambda: None) -> None:
        self.interrupt = interrupt
        self.violations: list[str] = []
        self.thread = _Thread()
        self._interrupted_places: set[tuple[str, str]] = set()
        self._signals = False

    def reset(self) -> None:
        """Reset the checker before the next act."""
        self.violations.clear()
        self._interrupted_places.clear()

    def service_code(self, kind: str) -> None:
        """Record a violation if code of the service runs while a lock is held."""
        for lock in self.thread.held[-1:]:
            self.violations.append(f"{kind} under {lock.name}")

    def new_lock(self, inner: Any, name: str) -> "CheckedLock":
        """Return a checked lock that wraps *inner*."""
        return CheckedLock(self, inner, name)

    def interrupt_once(self, when: str) -> None:
        """Interrupt this thread with a finalizer and a signal, once per place in the code."""
        thread, place = self.thread, (when, _place())
        if thread.interrupted or place in self._interrupted_places:
            return
        self._interrupted_places.add(place)
        held, thread.held, thread.interrupted = thread.held, [], True
        try:
            _Finalized(self.interrupt)
            gc.collect(0)
            if self._signals and threading.current_thread() is threading.main_thread():
                signal.raise_signal(signal.SIGUSR1)
        except SelfDeadlockError:  # already reported
            pass
        finally:
            thread.held, thread.interrupted = held, False

    def install(self) -> None:
        """Check the locks that the library creates from now on, until the process exits."""
        self._signals = True
        signal.signal(signal.SIGUSR1, lambda *_: self.interrupt())
        sys.unraisablehook = lambda _: None  # a failed finalizer is already reported
        threading.Lock = self._checked_factory(threading.Lock)  # type: ignore[assignment]  # a replacement
        threading.RLock = self._checked_factory(threading.RLock)  # type: ignore[assignment]  # as above

    def _checked_factory(self, make: Callable[[], Any]) -> Callable[[], Any]:
        def create_lock() -> Any:
            frame = sys._getframe(1)
            module = frame.f_globals.get("__name__", "")
            is_checked = module.partition(".")[0] in CHECKED_MODULES
            return self.new_lock(make(), f"a lock of {module}") if is_checked else make()

        return create_lock


def _place() -> str:
    """Return the line of the nearest caller outside of this module."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals["__name__"] == __name__:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


class _Finalized:
    """Cyclic garbage with a finalizer."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._self, self._work = self, work

    def __del__(self) -> None:
        with suppress(SelfDeadlockError):  # already reported
            self._work()


class CheckedLock:
    """Lock with checks around *inner*, reentrant if *inner* is."""

    def __init__(self, checker: Checker, inner: Any, name: str) -> None:
        self._checker = checker
        self._inner = inner
        self._reentrant = hasattr(inner, "_is_owned")
        self._owner = 0
        self.name = name

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002  signature of a lock
        if self._owner == threading.get_ident() and blocking and not self._reentrant:
            self._checker.violations.append(f"self-deadlock on {self.name}")
            raise SelfDeadlockError(self.name)
        acquired = bool(self._inner.acquire(blocking, timeout))
        if acquired:
            self._owner = threading.get_ident()
            self._checker.thread.held.append(self)
            self._checker.interrupt_once("taken")
        return acquired

    def release(self) -> None:
        self._checker.interrupt_once("released")
        held = self._checker.thread.held
        del held[len(held) - 1 - held[::-1].index(self)]
        if self not in held:
            self._owner = 0
        self._inner.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def _is_owned(self) -> bool:  # called by a condition
        return self._owner == threading.get_ident()

    def _release_save(self) -> Any:  # called by a waiting condition
        thread = self._checker.thread
        before, thread.held, self._owner = thread.held, [], 0
        return before, self._inner._release_save()

    def _acquire_restore(self, state: Any) -> None:
        before, inner = state
        self._inner._acquire_restore(inner)
        self._checker.thread.held, self._owner = before, threading.get_ident()


def report(acts: dict[str, Callable[[], None]], checker: Checker) -> None:
    """Write the violations of each act as JSON to standard output."""
    found: dict[str, list[str]] = {}
    for name, act in acts.items():
        checker.reset()
        gc.collect()
        gc.freeze()  # shortens the garbage collections
        act()
        found[name] = sorted(set(checker.violations))
    sys.stdout.write(json.dumps(found))
