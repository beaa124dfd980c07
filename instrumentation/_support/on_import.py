"""Import hook: run an action after the service imports a module, without importing it early."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

Action = Callable[[], object]
Cancel = Callable[[], None]


def call_when_imported(name: str, action: Action) -> Cancel:
    """Call *action* after the top-level module *name* is imported; immediately if it already is.

    Returns:
        Function that cancels the call if *name* has not been imported yet.
    """
    finder = _ActionFinder(name, action)
    if name in sys.modules:
        action()
    else:
        sys.meta_path.insert(0, finder)
    return finder.cancel


class _ActionFinder(MetaPathFinder):
    """Finder that delegates to the other finders and wraps the loader they return.

    The action runs only when the module is executed, because callers of ``find_spec`` may only test
    for the package.
    """

    def __init__(self, name: str, action: Action) -> None:
        self._name = name
        self._action = action

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name or self not in sys.meta_path:
            return None
        others = sys.meta_path[sys.meta_path.index(self) + 1 :]
        found = (finder.find_spec(fullname, path, target) for finder in others)
        spec = next(filter(None, found), None)
        if spec is not None and spec.loader is not None:
            spec.loader = _ActionLoader(spec.loader, self._done)
        return spec

    def cancel(self) -> None:
        """Leave later imports alone."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def _done(self) -> None:
        if self in sys.meta_path:
            self.cancel()
            self._action()


class _ActionLoader(Loader):
    """Loader that delegates to the module's own loader and then runs the action."""

    def __init__(self, loader: Loader, action: Action) -> None:
        self._loader = loader
        self._action = action

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._action()
