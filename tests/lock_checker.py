"""A checker of locks: reports code of the service that runs while the library holds a lock.

In a process of its own, every lock of `instrumentation` is replaced. Right after one is taken, and
right before it is released, a garbage collection runs a finalizer and a signal runs its handler:
both may come anywhere. A lock that its own thread takes again is reported instead of hanging.
"""

# ruff: noqa: ANN401, SLF001  a lock is any lock, and a stand-in has its private parts

import gc
import json
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Final

OURS: Final = ("instrumentation", "prometheus_client")
"""Modules whose locks are checked. Our metrics are counted under the locks of the second."""


class SelfDeadlockError(RuntimeError):
    """A thread waits for a lock that it holds."""


class _Thread(threading.local):
    def __init__(self) -> None:
        self.held: list[CheckedLock] = []
        self.interrupted = False


class Checker:
    """Keeps account of locks, by thread.

    Args:
        interrupt: The work of a finalizer or signal handler of the service.
    """

    def __init__(self, interrupt: Callable[[], None] = lambda: None) -> None:
        self.interrupt = interrupt
        self.violations: list[str] = []
        self.thread = _Thread()
        self._pressed: set[tuple[str, str]] = set()
        self._signals = False

    def forget(self) -> None:
        """Begin with the next act."""
        self.violations.clear()
        self._pressed.clear()

    def service_code(self, kind: str) -> None:
        """Report that code of the service runs, if a lock is held."""
        for lock in self.thread.held[-1:]:
            self.violations.append(f"{kind} under {lock.name}")

    def new_lock(self, inner: Any, name: str) -> "CheckedLock":
        """Return a lock in place of *inner*."""
        return CheckedLock(self, inner, name)

    def press(self, when: str) -> None:
        """Interrupt this thread, which holds a lock, in both ways; once in each place."""
        thread, place = self.thread, (when, _place())
        if thread.interrupted or place in self._pressed:
            return
        self._pressed.add(place)
        held, thread.held, thread.interrupted = thread.held, [], True
        try:
            _Finalized(self.interrupt)
            gc.collect(0)
            if self._signals and threading.current_thread() is threading.main_thread():
                signal.raise_signal(signal.SIGUSR1)
        except SelfDeadlockError:  # is reported already
            pass
        finally:
            thread.held, thread.interrupted = held, False

    def install(self) -> None:
        """Check the locks that the library makes from now on, for the life of the process."""
        self._signals = True
        signal.signal(signal.SIGUSR1, lambda *_: self.interrupt())
        sys.unraisablehook = lambda _: None  # a finalizer that fails has been reported
        threading.Lock = self._checked(threading.Lock)  # type: ignore[assignment]  # a stand-in
        threading.RLock = self._checked(threading.RLock)  # type: ignore[assignment]  # as above

    def _checked(self, make: Callable[[], Any]) -> Callable[[], Any]:
        def made() -> Any:
            frame = sys._getframe(1)
            module = frame.f_globals.get("__name__", "")
            ours = module.partition(".")[0] in OURS
            return self.new_lock(make(), f"a lock of {module}") if ours else make()

        return made


def _place() -> str:
    """Return the line of the nearest caller outside of this module."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals["__name__"] == __name__:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


class _Finalized:
    """Garbage in a cycle."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._self, self._work = self, work

    def __del__(self) -> None:
        with suppress(SelfDeadlockError):  # is reported already
            self._work()


class CheckedLock:
    """A lock, reentrant or not as *inner* is."""

    def __init__(self, checker: Checker, inner: Any, name: str) -> None:
        self._checker = checker
        self._inner = inner
        self._reentrant = hasattr(inner, "_is_owned")
        self._owner = 0
        self.name = name

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002  as a lock's
        if self._owner == threading.get_ident() and blocking and not self._reentrant:
            self._checker.violations.append(f"self-deadlock on {self.name}")
            raise SelfDeadlockError(self.name)
        taken = bool(self._inner.acquire(blocking, timeout))
        if taken:
            self._owner = threading.get_ident()
            self._checker.thread.held.append(self)
            self._checker.press("taken")
        return taken

    def release(self) -> None:
        self._checker.press("released")
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

    def _is_owned(self) -> bool:  # as a condition asks
        return self._owner == threading.get_ident()

    def _release_save(self) -> Any:  # a condition waits
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
        checker.forget()
        gc.collect()
        gc.freeze()  # so that the many collections are short
        act()
        found[name] = sorted(set(checker.violations))
    sys.stdout.write(json.dumps(found))
