"""Replacing a method of a foreign class, once, and putting it back."""

from collections.abc import Callable
from typing import Any, Final

Undo = Callable[[], None]

MARK: Final = "__sightline__"


def patched(owner: type, name: str, wrap: Callable[[Any], Any]) -> Undo:
    """Replace ``owner.name`` by what *wrap* makes of it, unless that was done before.

    Args:
        owner: The class.
        name: Its method.
        wrap: Gives the new method, made with ``functools.wraps`` of the old one.

    Returns:
        Puts the old method back, if it was replaced here and ours still stands there.
    """
    before = getattr(owner, name)
    if hasattr(before, MARK):
        return _nothing
    method = wrap(before)
    setattr(method, MARK, True)
    setattr(owner, name, method)

    def undo() -> None:
        if getattr(owner, name) is method:
            setattr(owner, name, before)

    return undo


def _nothing() -> None:
    """Who patched first puts back."""
