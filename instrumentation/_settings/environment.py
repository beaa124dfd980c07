"""Typed values of environment variables; empty means unset, an invalid value is an error."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar
from urllib.parse import unquote

from instrumentation.errors import ConfigurationError

Value = TypeVar("Value")

Environ = Mapping[str, str]


def text(environ: Environ, name: str, default: str = "") -> str:
    """Return the variable without surrounding space, or *default* when unset or empty."""
    return environ.get(name, "").strip() or default


def read(
    environ: Environ, name: str, default: Value, *, parse: Callable[[str], Value], expected: str
) -> Value:
    """Return ``parse(value)`` of the variable, or *default* when unset or empty.

    Raises:
        ConfigurationError: *parse* raised a ValueError; contains variable, value and *expected*.
    """
    value = text(environ, name)
    if not value:
        return default
    try:
        return parse(value)
    except ValueError:
        raise ConfigurationError(f"{name}={value!r}: expected {expected}") from None


def boolean(environ: Environ, name: str, *, default: bool) -> bool:
    """Return ``true`` or ``false`` in any case. Source: OpenTelemetry, "Boolean value"."""
    words = {"true": True, "false": False}
    return read(
        environ, name, default, parse=lambda value: _lookup(words, value), expected="true or false"
    )


def number(environ: Environ, name: str, default: float, *, minimum: float = 0.0) -> float:
    """Return a finite number of at least *minimum*."""

    def parse(value: str) -> float:
        result = float(value)
        if not math.isfinite(result) or result < minimum:
            raise ValueError
        return result

    expected = f"a number of at least {minimum:g}, like {default:g}"
    return read(environ, name, default, parse=parse, expected=expected)


def integer(environ: Environ, name: str, default: int, *, minimum: int = 0) -> int:
    """Return an integer of at least *minimum*."""
    return read(
        environ,
        name,
        default,
        parse=lambda value: _require_minimum(minimum, int(value)),
        expected=f"a whole number of at least {minimum}, like {default}",
    )


def choice(environ: Environ, name: str, default: str, *, among: Collection[str]) -> str:
    """Return one of the words *among*, in any case."""
    words = {word: word for word in among}
    expected = "one of " + ", ".join(sorted(among))
    return read(
        environ, name, default, parse=lambda value: _lookup(words, value), expected=expected
    )


def items(environ: Environ, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return a comma-separated list without empty items and surrounding space."""
    found = tuple(item.strip() for item in environ.get(name, "").split(","))
    return tuple(filter(None, found)) or default


def key_values(environ: Environ, name: str) -> dict[str, str]:
    """Return ``key=value,key=value`` as a dict; values are percent-encoded as in W3C baggage.

    Raises:
        ConfigurationError: An item has no ``=`` or no key. The message omits the item, because
            such variables may contain credentials.
    """
    result = {}
    for position, item in enumerate(items(environ, name), start=1):
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            raise ConfigurationError(
                f"{name}: item {position}: expected key=value, separated by commas"
            )
        result[key.strip()] = unquote(value.strip())
    return result


def _lookup(words: Mapping[str, Value], value: str) -> Value:
    if value.lower() not in words:
        raise ValueError
    return words[value.lower()]


def _require_minimum(minimum: int, value: int) -> int:
    if value < minimum:
        raise ValueError
    return value
