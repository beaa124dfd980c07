"""The order of events in a forked child, decided in this one place.

Python runs the hooks of ``os.register_at_fork`` in a fixed order: *before* hooks from the newest to
the oldest, *after_in_child* hooks from the oldest to the newest. A hook that waits for a resource
of a newer hook waits forever. ``concurrent.futures.thread`` is the trap: its *before* hook takes
the lock of all thread pools, its child hook releases it, and both are registered when the module is
first imported, at any time. A child hook that is older and starts a thread pool hangs in
``fork()``.

Hence three rules:

1. All of this package's work in a child runs in one hook, which is registered when this module is
   imported: before any provider of the SDK is made.
2. That hook first frees what cannot be released otherwise: the lock of thread pools, the import
   locks of modules, every lock of `new_lock`. Then it runs the actions of `in_child` in the order
   of their registration. An object comes after the objects that it was made from: a resource names
   the new process before its exporter restarts.
3. An action waits for nothing, imports nothing, starts no thread and writes no log line. Its place
   among the hooks of other libraries is then of no importance, and a child that calls ``exec``
   pays next to nothing. Threads start when the child has work for them.

The SDK's providers break the third rule: their hook detects the resource again, in a thread pool.
`_setup.provider.Provider` and the provider of `_logging.export` override it. A provider that the
service made itself keeps its hook, which finds the pools' lock free if this module was imported
before. The hooks of the SDK's batch processors stay: they start a thread, which waits for no pool.

``tests/integration/export/test_forks.py`` runs every way to fork in a fresh process.
"""

import importlib
import os
import sys
import threading
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Final, Generic, TypeVar

Value = TypeVar("Value")

_LOCKS: Final[weakref.WeakSet[Any]] = weakref.WeakSet()
_ACTIONS: Final[list[weakref.WeakMethod[Callable[[], None]]]] = []
# Module state, unlike elsewhere: a hook belongs to the process and cannot be taken back.


def new_lock() -> "threading.RLock":
    """Return a reentrant lock that a forked child finds released.

    Reentrant, because a garbage collection or a signal may run any code of the service at any
    point, under this lock too. Callers keep their data valid at each of these points.
    """
    lock = threading.RLock()
    _LOCKS.add(lock)
    return lock


def in_child(action: Callable[[], None]) -> None:
    """Call *action*, a bound method, in every forked child while its object lives."""
    _ACTIONS.append(weakref.WeakMethod(action, _ACTIONS.remove))


class Renewed(Generic[Value]):
    """A value that every forked child makes for itself, when it first asks for it.

    Meant for connections: a child that writes to its parent's mixes the requests of both.

    Args:
        make: Returns the value; called at once, and once in each child that asks.
    """

    def __init__(self, make: Callable[[], Value]) -> None:
        self._make = make
        self._value = make()
        self._inherited: list[Value] = []
        self._stale = False
        in_child(self._expire)

    def get(self) -> Value:
        """Return the value of this process."""
        if self._stale:
            self._stale = False
            # Kept for good: closing the parent's may wait for a thread that the child lacks.
            self._inherited.append(self._value)
            self._value = self._make()
        return self._value

    def _expire(self) -> None:
        self._stale = True


def _forget_imports() -> None:
    """Drop the import locks of threads that are gone, and the modules they had not finished.

    Python renews its own import lock in a child, but not the locks of modules. The child imports
    an unfinished module again.
    """
    locks: dict[str, Any] = getattr(importlib._bootstrap, "_module_locks", {})  # noqa: SLF001  Python 3.11 to 3.14
    for name, reference in list(locks.items()):
        lock = reference()
        if getattr(lock, "owner", None) not in {None, threading.get_ident()}:
            locks.pop(name, None)
            spec = getattr(sys.modules.get(name), "__spec__", None)
            if getattr(spec, "_initializing", False):
                sys.modules.pop(name, None)


def _release_pools() -> None:
    """Do early what the hook of ``concurrent.futures.thread`` does, which is perhaps newer."""
    lock = getattr(sys.modules.get("concurrent.futures.thread"), "_global_shutdown_lock", None)
    if lock is not None:
        lock._at_fork_reinit()  # noqa: SLF001  as that hook


def _after_in_child() -> None:
    _release_pools()
    _forget_imports()
    for lock in list(_LOCKS):
        if not lock._is_owned():  # noqa: SLF001  the forking thread releases its own lock itself
            lock._at_fork_reinit()  # noqa: SLF001  the standard library's own way
    with ExitStack() as actions:  # which runs the rest when one fails, last in first out
        for reference in reversed(list(_ACTIONS)):
            action = reference()
            if action is not None:
                actions.callback(action)


os.register_at_fork(after_in_child=_after_in_child)
