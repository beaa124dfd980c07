"""Values in Go's spelling, for Jaeger's clients send and read them so; error texts included.

Source: Go's standard library, `time.ParseDuration`, `time.Duration.String`, `time.Time.String`,
`strconv.ParseInt`, `encoding/json`.
"""

import json
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

_TERM: Final = re.compile(r"(\d+\.?\d*|\.\d+)([^\d.]*)", re.ASCII)
_RFC3339: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?(Z|[+-]\d{2}:\d{2})", re.ASCII
)
_LAYOUT: Final = "2006-01-02T15:04:05.999999999Z07:00"
_BOOLEANS: Final = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}


class GoError(ValueError):
    """A value that Go would not parse; the text is what Jaeger answers."""


def parse_int(value: str, *, limit: int = INT64, function: str = "ParseInt") -> int:
    """A decimal number whose magnitude stays below *limit*.

    Raises:
        GoError: Not a number, or out of range.
    """
    if not re.fullmatch(r"[+-]?\d+", value, re.ASCII):
        raise GoError(f"strconv.{function}: parsing {quoted(value)}: invalid syntax")
    # Python refuses to convert thousands of digits, and twenty decide.
    number = int(value) if len(value) <= len(str(INT64)) + 2 else limit
    if not -limit <= number < limit:
        raise GoError(f"strconv.{function}: parsing {quoted(value)}: value out of range")
    return number


def parse_bool(value: str) -> bool:
    """`true`, `1`, `f` and so on.

    Raises:
        GoError: Anything else.
    """
    if value not in _BOOLEANS:
        raise GoError(f"strconv.ParseBool: parsing {quoted(value)}: invalid syntax")
    return _BOOLEANS[value]


def parse_float(value: str) -> float:
    """A number such as `0.95`.

    Raises:
        GoError: Not a number.
    """
    try:
        return float(value)
    except ValueError:
        raise GoError(f"strconv.ParseFloat: parsing {quoted(value)}: invalid syntax") from None


def parse_duration(value: str) -> int:
    """Nanoseconds of a duration such as `1.5s` or `1h2m`.

    Raises:
        GoError: No number, no unit or an unknown one, or out of range.
    """
    unsigned = value[1:] if value[:1] in {"+", "-"} else value
    if unsigned == "0":
        return 0
    total, position = Decimal(0), 0
    while position < len(unsigned) or not unsigned:
        term = _TERM.match(unsigned, position)
        if not term:
            raise GoError(f"time: invalid duration {quoted(value)}")
        total += Decimal(term[1]) * _unit(term[2], value)
        position = term.end()
    if total >= INT64:
        raise GoError(f"time: invalid duration {quoted(value)}")
    return int(-total if value.startswith("-") else total)


def _unit(unit: str, value: str) -> int:
    if not unit:
        raise GoError(f"time: missing unit in duration {quoted(value)}")
    if unit not in NANOSECONDS:
        raise GoError(f"time: unknown unit {quoted(unit)} in duration {quoted(value)}")
    return NANOSECONDS[unit]


def duration_text(nanoseconds: int) -> str:
    """`53ms`, `1.5s`, `2h0m1s`."""
    sign, rest = ("-" if nanoseconds < 0 else ""), abs(nanoseconds)
    if not rest:
        return "0s"
    if rest < _SECOND:
        unit = "ms" if rest >= NANOSECONDS["ms"] else "µs" if rest >= NANOSECONDS["us"] else "ns"
        return f"{sign}{_digits(rest, NANOSECONDS[unit])}{unit}"
    hours, minutes = rest // _HOUR, rest // _MINUTE % 60
    head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{head}{_digits(rest % _MINUTE, _SECOND)}s"


def _digits(nanoseconds: int, unit: int) -> str:
    whole, part = divmod(nanoseconds, unit)
    decimals = str(part).zfill(len(str(unit)) - 1).rstrip("0") if part else ""
    return f"{whole}.{decimals}" if decimals else str(whole)


def time_text(nanoseconds: int) -> str:
    """`2026-11-23 13:20:02.0001 +0000 UTC`, of nanoseconds since 1970."""
    seconds, part = divmod(nanoseconds, _SECOND)
    moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{moment}{f'.{part:09}'.rstrip('0') if part else ''} +0000 UTC"


def rfc3339(nanoseconds: int) -> str:
    """`2026-11-23T16:12:10.125Z`, of nanoseconds since 1970."""
    seconds, part = divmod(nanoseconds, _SECOND)
    moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}{f'.{part:09}'.rstrip('0') if part else ''}Z"


def parse_rfc3339(value: str) -> int:
    """Nanoseconds since 1970 of a time such as `2026-11-23T12:20:00Z`.

    Raises:
        GoError: Any other form; the text names the part that Go would stumble over.
    """
    match = _RFC3339.fullmatch(value)
    if not match:
        raise GoError(f"parsing time {quoted(value)}{_stumble(value)}")
    try:
        moment = datetime.fromisoformat(f"{match[1]}{match[3].replace('Z', '+00:00')}")
    except ValueError:
        problem = f"{_out_of_range(match[1])} out of range"
        raise GoError(f"parsing time {quoted(value)}: {problem}") from None
    return int(moment.timestamp()) * _SECOND + int((match[2] or "0").ljust(9, "0"))


_LAYOUT_PARTS: Final = (
    *((r"\d{4}", "2006"), ("-", "-"), (r"\d{2}", "01"), ("-", "-"), (r"\d{2}", "02")),
    *(("T", "T"), (r"\d{2}", "15"), (":", ":"), (r"\d{2}", "04"), (":", ":")),
    *((r"\d{2}(?:\.\d+)?", "05"), (r"Z|[+-]\d{2}:\d{2}", "Z07:00")),
)


def _stumble(value: str) -> str:
    """The rest of *value* that does not fit, and the part of the layout it should have been."""
    position = 0
    for pattern, layout in _LAYOUT_PARTS:
        match = re.compile(pattern, re.ASCII).match(value, position)
        if not match:
            rest = quoted(value[position:])
            return f" as {quoted(_LAYOUT)}: cannot parse {rest} as {quoted(layout)}"
        position = match.end()
    return f": extra text: {quoted(value[position:])}"


def _out_of_range(moment: str) -> str:
    """Which part of a date and time, all digits in place, cannot be."""
    limits = {"month": (5, 12), "hour": (11, 23), "minute": (14, 59), "second": (17, 59)}
    return next(
        (part for part, (at, most) in limits.items() if int(moment[at : at + 2]) > most), "day"
    )


def parse_string_map(value: str) -> dict[str, str]:
    """A JSON object of strings.

    Raises:
        GoError: No JSON, or a value that is no string.
    """
    try:
        document = json.loads(value)
    except ValueError:
        raise GoError(_json_stumble(value)) from None
    except RecursionError:
        raise GoError("exceeded max depth") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise GoError(_mismatch(document, "map[string]string"))
    for item in document.values():
        if not isinstance(item, str | None):
            raise GoError(_mismatch(item, "string"))
    return {key: item or "" for key, item in document.items()}


_JSON_WORDS: Final[dict[type, str]] = {
    bool: "bool",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def _mismatch(value: object, wanted: str) -> str:
    return f"json: cannot unmarshal {_JSON_WORDS[type(value)]} into Go value of type {wanted}"


def _json_stumble(value: str) -> str:
    """What Go says about the first character it cannot use; only the common two cases."""
    stripped = value.lstrip()
    if not stripped:
        return "unexpected end of JSON input"
    if stripped[0] == "{" and (rest := stripped[1:].lstrip()) and rest[0] not in '"}':
        return f"invalid character '{rest[0]}' looking for beginning of object key string"
    if stripped[0] not in '{["-0123456789tfn':
        return f"invalid character '{stripped[0]}' looking for beginning of value"
    return "unexpected end of JSON input"


def quoted(value: str) -> str:
    """*value* in Go's double quotes."""
    return json.dumps(value, ensure_ascii=False)
