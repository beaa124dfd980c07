"""A property that is computed once, without a lock."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Value = TypeVar("Value")


class once(Generic[Value]):  # noqa: N801  used as a decorator, like functools.cached_property
    """``functools.cached_property`` without the lock that Python 3.11 holds meanwhile.

    That lock is one for all instances of a class. It is held while the property's code runs, and a
    child that is forked then never gets it. Here several threads may compute the value; all of
    them get the first.

    Args:
        make: The method.
    """

    def __init__(self, make: Callable[[Any], Value]) -> None:
        self._make = make
        self._name = ""
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "once[Value]": ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> "once[Value] | Value":
        if instance is None:
            return self
        found: Value = vars(instance).setdefault(self._name, self._make(instance))
        return found
