"""Patch of a method of another library's class, applied once and reversible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Undo = Callable[[], None]

MARK: Final = "__sightline__"


def patch_method(owner: type, name: str, wrap: Callable[[Any], Any]) -> Undo:
    """Replace ``owner.name`` by ``wrap(owner.name)``, unless it is patched already.

    Args:
        owner: The class.
        name: Its method.
        wrap: Returns the new method, which uses ``functools.wraps`` of the old one.

    Returns:
        Function that restores the old method if this call replaced it and no other patch followed.
    """
    before = getattr(owner, name)
    if hasattr(before, MARK):
        return _keep
    method = wrap(before)
    setattr(method, MARK, True)
    setattr(owner, name, method)

    def undo() -> None:
        if getattr(owner, name) is method:
            setattr(owner, name, before)

    return undo


def _keep() -> None:
    """Do nothing: the first patch restores the method."""
