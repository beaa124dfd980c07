"""Readers of JSON values that never fail: a value of the wrong type is read as an empty one."""

import math
from collections.abc import Mapping
from typing import Any


def obj(raw: object) -> Mapping[str, Any]:
    """Return *raw* if it is an object, else an empty one."""
    return raw if isinstance(raw, Mapping) else {}


def items(raw: object) -> list[Mapping[str, Any]]:
    """Return the objects in the list *raw*."""
    return [one for one in raw if isinstance(one, Mapping)] if isinstance(raw, list) else []


def text(raw: object) -> str:
    """Return *raw* as text; null is empty."""
    return "" if raw is None else str(raw)


def texts(raw: object) -> tuple[str, ...]:
    """Return the values of the list *raw* as text."""
    return tuple(map(text, raw)) if isinstance(raw, list) else ()


def optional_number(raw: object) -> float | None:
    """Return *raw* if it is a finite number, else None."""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    return raw if abs(raw) < _LARGEST and not math.isnan(raw) else None


_LARGEST = 1e300
"""Largest number that calculations do not exceed."""


def number(raw: object, default: float = 0.0) -> float:
    """Return *raw* if it is a finite number, else *default*."""
    found = optional_number(raw)
    return default if found is None else found


def integer(raw: object) -> int | None:
    """Return *raw* if it is an integer, else None."""
    return raw if isinstance(raw, int) and not isinstance(raw, bool) else None
