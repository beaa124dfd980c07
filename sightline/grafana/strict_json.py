"""JSON without the numbers that Python accepts beyond the standard."""

import json
import math
from typing import Any, Never


def parse(content: str) -> Any:
    """Return the value of *content*.

    Raises:
        ValueError: *content* is not JSON, or has NaN, Infinity or a number too large for a float.
    """
    return json.loads(content, parse_constant=_reject, parse_float=_finite)


def _reject(constant: str) -> Never:
    raise ValueError(f"{constant} is no JSON")


def _finite(digits: str) -> float:
    found = float(digits)
    if math.isinf(found):
        raise ValueError(f"{digits} is too large")
    return found
