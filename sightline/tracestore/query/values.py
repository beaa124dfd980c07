"""Values in the formats of Jaeger's API: durations and times as Go writes them, booleans, ids.

Source: Go's `time.ParseDuration`, `time.Duration.String`, `time.Time.String`, `strconv.ParseBool`.
Accepted values are Go's. The texts of errors are not.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

NANOSECONDS: Final = {
    "ns": 1,
    **dict.fromkeys(("us", "µs", "μs"), 1000),
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_SECOND: Final = NANOSECONDS["s"]
_MINUTE: Final = NANOSECONDS["m"]
_HOUR: Final = NANOSECONDS["h"]

INT32: Final = 2**31
INT64: Final = 2**63

_LONGEST_NUMBER: Final = 20
"""Digits and sign of any 64-bit integer; longer texts are out of range."""
_INTEGER: Final = re.compile(r"[+-]?\d+", re.ASCII)
_TERM: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_DURATION: Final = re.compile(rf"([+-]?)(0|(?:{_TERM.pattern})+)", re.ASCII)
_RFC3339: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?(Z|[+-]\d{2}:\d{2})", re.ASCII
)
_BOOLEANS: Final = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}


def parse_int(value: str, *, limit: int = INT64) -> int:
    """Return a decimal number from -*limit* to *limit* - 1.

    Raises:
        ValueError: The value is not a number or out of range.
    """
    number = int(value) if _INTEGER.fullmatch(value) and len(value) <= _LONGEST_NUMBER else limit
    if not -limit <= number < limit:
        raise ValueError(f"{value[:100]!r}: expected a whole number below {limit}")
    return number


def parse_bool(value: str) -> bool:
    """Return the boolean of `true`, `1`, `f` and so on.

    Raises:
        ValueError: The value is none of them.
    """
    if value not in _BOOLEANS:
        raise ValueError(f"{value!r}: expected true or false")
    return _BOOLEANS[value]


def parse_duration(value: str) -> int:
    """Return the nanoseconds of a duration such as `1.5s` or `1h2m`.

    Raises:
        ValueError: The value has another format or is out of range.
    """
    match = _DURATION.fullmatch(value)
    terms = _TERM.findall(value) if match else ()
    total = sum((Decimal(number) * NANOSECONDS[unit] for number, unit in terms), Decimal(0))
    if not match or total >= INT64:
        raise ValueError(f"{value[:100]!r}: expected a duration with units, like 1.5s or 1h2m")
    return int(-total if match[1] == "-" else total)


def duration_text(nanoseconds: int) -> str:
    """Return `53ms`, `1.5s`, `2h0m1s`."""
    sign, rest = ("-" if nanoseconds < 0 else ""), abs(nanoseconds)
    if not rest:
        return "0s"
    if rest < _SECOND:
        unit = "ms" if rest >= NANOSECONDS["ms"] else "µs" if rest >= NANOSECONDS["us"] else "ns"
        return f"{sign}{_decimal(rest, NANOSECONDS[unit])}{unit}"
    hours, minutes = rest // _HOUR, rest // _MINUTE % 60
    head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{head}{_decimal(rest % _MINUTE, _SECOND)}s"


def _decimal(nanoseconds: int, unit: int) -> str:
    whole, part = divmod(nanoseconds, unit)
    decimals = str(part).zfill(len(str(unit)) - 1).rstrip("0") if part else ""
    return f"{whole}.{decimals}" if decimals else str(whole)


def time_text(nanoseconds: int) -> str:
    """Return `2026-11-23 13:20:02.0001 +0000 UTC` for nanoseconds since 1970."""
    return f"{rfc3339(nanoseconds)[:-1].replace('T', ' ')} +0000 UTC"


def rfc3339(nanoseconds: int) -> str:
    """Return `2026-11-23T16:12:10.125Z` for nanoseconds since 1970."""
    seconds, part = divmod(nanoseconds, _SECOND)
    moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}{f'.{part:09}'.rstrip('0') if part else ''}Z"


def parse_rfc3339(value: str) -> int:
    """Return the nanoseconds since 1970 of a time such as `2026-11-23T12:20:00Z`.

    Raises:
        ValueError: The value has another format or names no existing time.
    """
    expected = f"{value[:100]!r}: expected a time like 2026-11-23T12:20:00Z"
    match = _RFC3339.fullmatch(value)
    if not match:
        raise ValueError(expected)
    try:
        moment = datetime.fromisoformat(f"{match[1]}{match[3].replace('Z', '+00:00')}")
    except ValueError:
        raise ValueError(expected) from None
    return int(moment.timestamp()) * _SECOND + int((match[2] or "0").ljust(9, "0"))
