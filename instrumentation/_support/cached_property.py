"""Cached property without a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")


class cached_property(Generic[Value]):  # noqa: N801  used as a decorator, like functools.cached_property
    """``functools.cached_property`` without the lock of Python 3.11.

    That lock is shared by all instances of a class and held while the method runs. A child that is
    forked at that moment waits for it forever. Here several threads may compute the value, and all
    of them return the first result.

    Args:
        make: The decorated method.
    """

    def __init__(self, make: Callable[[Any], Value]) -> None:
        self._make = make
        self._name = ""
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> cached_property[Value]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> cached_property[Value] | Value:
        if instance is None:
            return self
        found: Value = vars(instance).setdefault(self._name, self._make(instance))
        return found
