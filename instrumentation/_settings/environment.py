"""Values of environment variables: empty means unset, a wrong one is named at once."""

import math
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar
from urllib.parse import unquote

from instrumentation.errors import ConfigurationError

Value = TypeVar("Value")

Environ = Mapping[str, str]


def text(environ: Environ, name: str, default: str = "") -> str:
    """The variable without surrounding space, or *default* when unset or empty."""
    return environ.get(name, "").strip() or default


def parsed(
    environ: Environ, name: str, default: Value, *, parse: Callable[[str], Value], expected: str
) -> Value:
    """The variable through *parse*, or *default* when unset or empty.

    Raises:
        ConfigurationError: *parse* raised a ValueError; names variable, value and *expected*.
    """
    value = text(environ, name)
    if not value:
        return default
    try:
        return parse(value)
    except ValueError:
        raise ConfigurationError(f"{name}={value!r}: expected {expected}") from None


def boolean(environ: Environ, name: str, *, default: bool) -> bool:
    """``true`` or ``false``, in any case. Source: OpenTelemetry, "Boolean value"."""
    words = {"true": True, "false": False}
    return parsed(
        environ, name, default, parse=lambda value: _of(words, value), expected="true or false"
    )


def number(environ: Environ, name: str, default: float, *, minimum: float = 0.0) -> float:
    """A finite number of at least *minimum*."""

    def parse(value: str) -> float:
        result = float(value)
        if not math.isfinite(result) or result < minimum:
            raise ValueError
        return result

    expected = f"a number of at least {minimum:g}, like {default:g}"
    return parsed(environ, name, default, parse=parse, expected=expected)


def whole(environ: Environ, name: str, default: int, *, minimum: int = 0) -> int:
    """A whole number of at least *minimum*."""
    return parsed(
        environ,
        name,
        default,
        parse=lambda value: _at_least(minimum, int(value)),
        expected=f"a whole number of at least {minimum}, like {default}",
    )


def choice(environ: Environ, name: str, default: str, *, among: Collection[str]) -> str:
    """One of the words *among*, in any case."""
    words = {word: word for word in among}
    expected = "one of " + ", ".join(sorted(among))
    return parsed(environ, name, default, parse=lambda value: _of(words, value), expected=expected)


def words(environ: Environ, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    """A list separated by commas, without empty items and surrounding space."""
    items = tuple(item.strip() for item in environ.get(name, "").split(","))
    return tuple(filter(None, items)) or default


def pairs(environ: Environ, name: str) -> dict[str, str]:
    """``key=value,key=value`` with percent-encoded values, as W3C baggage writes it.

    Raises:
        ConfigurationError: An item without ``=`` or without a key. Its value is not repeated
            in the message: variables of this shape also carry credentials.
    """
    result = {}
    for position, item in enumerate(words(environ, name), start=1):
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            raise ConfigurationError(f"{name}: item {position} is not key=value")
        result[key.strip()] = unquote(value.strip())
    return result


def _of(words: Mapping[str, Value], value: str) -> Value:
    if value.lower() not in words:
        raise ValueError
    return words[value.lower()]


def _at_least(minimum: int, value: int) -> int:
    if value < minimum:
        raise ValueError
    return value
