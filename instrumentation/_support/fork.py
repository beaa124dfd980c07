"""Order of the package's work in a forked child.

Python runs the hooks of ``os.register_at_fork`` in a fixed order: *before* hooks from the newest to
the oldest, *after_in_child* hooks from the oldest to the newest. A hook that waits for a resource
of a newer hook deadlocks. ``concurrent.futures.thread`` causes this: its *before* hook acquires
the lock of all thread pools, its child hook releases it, and both are registered when the module is
first imported, at any time. An older child hook that starts a thread pool hangs in ``fork()``.

Hence three rules:

1. All of this package's work in a child runs in one hook. It is registered when this module is
   imported, before any provider of the SDK is created.
2. That hook first releases the lock of thread pools, the import locks of modules and every lock of
   `new_lock`. Then it runs the actions of `register_after_fork` in the order of their registration.
   An object is registered after the objects that it depends on: a resource gets the new process id
   before its exporter restarts.
3. An action does not wait, import, start a thread or log. Its position among the hooks of other
   libraries is then irrelevant, and a child that calls ``exec`` pays almost nothing. Threads start
   when the child has work for them.

The SDK's providers break the third rule: their hook detects the resource again in a thread pool.
`_setup.provider.Provider` and the provider of `_logging.export` override it. A provider that the
service created keeps its hook, which works if this module was imported first, because the pools'
lock is already released. The hooks of the SDK's batch processors stay: they start a thread that
needs no pool.

``tests/integration/export/test_forks.py`` tests every way to fork in a new process.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import weakref
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")

_LOCKS: Final[weakref.WeakSet[Any]] = weakref.WeakSet()
_HOOKS: Final[list[tuple[weakref.ref[Any], Callable[[Any], None]]]] = []
# Module state is an exception here: a hook belongs to the process and cannot be unregistered.


def new_lock() -> threading.RLock:
    """Return a reentrant lock that is released in a forked child.

    It is reentrant because a garbage collection or a signal may run any code of the service at any
    point, also while the lock is held. Callers keep their data valid at each of these points.
    """
    lock = threading.RLock()
    _LOCKS.add(lock)
    return lock


def register_after_fork(action: Callable[[], None]) -> None:
    """Call *action*, a bound method, in every forked child while its object lives."""
    # Not a WeakMethod: its callback fails while Python 3.13 ends. Dead entries are dropped here.
    _HOOKS[:] = [hook for hook in _HOOKS if hook[0]() is not None]
    _HOOKS.append((weakref.ref(action.__self__), action.__func__))  # type: ignore[attr-defined]  # it is a bound method


class ProcessLocal(Generic[Value]):
    """Value that each forked child creates again on first use.

    It is meant for connections: a child that writes to its parent's connection mixes up requests.

    Args:
        make: Creates the value; called immediately, and once in each child that uses the value.
    """

    def __init__(self, make: Callable[[], Value]) -> None:
        self._make = make
        self._value = make()
        self._inherited: list[Value] = []
        self._stale = False
        register_after_fork(self._expire)

    def get(self) -> Value:
        """Return the value of this process."""
        if self._stale:
            self._stale = False
            # Never closed: closing may wait for a thread that only the parent has.
            self._inherited.append(self._value)
            self._value = self._make()
        return self._value

    def _expire(self) -> None:
        self._stale = True


def _drop_import_locks() -> None:
    """Drop the import locks of threads that do not exist here, and their unfinished modules.

    Python resets its global import lock in a child, but not the locks of modules. The child
    imports an unfinished module again.
    """
    # The attribute exists in Python 3.11 to 3.14.
    locks: dict[str, Any] = getattr(importlib._bootstrap, "_module_locks", {})
    for name, reference in list(locks.items()):
        lock = reference()
        if getattr(lock, "owner", None) not in {None, threading.get_ident()}:
            locks.pop(name, None)
            spec = getattr(sys.modules.get(name), "__spec__", None)
            if getattr(spec, "_initializing", False):
                sys.modules.pop(name, None)


def _release_pools() -> None:
    """Reset the lock of thread pools before the hook of ``concurrent.futures.thread`` does."""
    lock = getattr(sys.modules.get("concurrent.futures.thread"), "_global_shutdown_lock", None)
    if lock is not None:
        lock._at_fork_reinit()  # as the hook does


def _after_in_child() -> None:
    _release_pools()
    _drop_import_locks()
    for lock in list(_LOCKS):
        if not lock._is_owned():  # the forking thread releases its own lock itself
            lock._at_fork_reinit()
    with ExitStack() as actions:  # runs the other actions when one fails; last in, first out
        for reference, function in reversed(list(_HOOKS)):
            owner = reference()
            if owner is not None:
                actions.callback(function, owner)


os.register_at_fork(after_in_child=_after_in_child)
