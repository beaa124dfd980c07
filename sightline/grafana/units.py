"""Numbers written in Grafana's units.

Source: grafana-data ``valueFormats`` (units, scaling) and ``getDecimalsForValue`` (three digits).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sightline.grafana.durations import UNIT_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A number with its unit."""

    number: str
    suffix: str = ""

    def __str__(self) -> str:
        """Join the parts."""
        return self.number + self.suffix


Writer = Callable[[float, int | None], Text]


def write(value: float, unit: str, decimals: int | None = None) -> Text:
    """Write *value* in *unit*, with *decimals* or else three significant digits.

    An unknown unit is written after the number.
    """
    writer = _UNITS.get(unit) or _with_suffix(f" {unit.removeprefix(_SUFFIX)}")
    return writer(value, decimals)


_SUFFIX: Final = "suffix:"
"""Prefix of a unit that is itself the text after the number."""


def write_tick(value: float, unit: str) -> str:
    """Write *value* for an axis, without trailing zeros."""
    text = write(value, unit)
    number = text.number
    letters = number.lstrip("-0123456789.,")
    digits = number[: len(number) - len(letters)]
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return digits + letters + text.suffix


def known(unit: str) -> bool:
    """Return true if *unit* is written as in Grafana."""
    return unit in _UNITS or unit.startswith(_SUFFIX)


def _format(value: float, decimals: int | None) -> str:
    return f"{value:.{_decimals(value) if decimals is None else max(decimals, 0)}f}"


def _decimals(value: float) -> int:
    if not math.isfinite(value) or value == int(value):
        return 0
    return max(0, 2 - math.floor(math.log10(abs(value))))


def _with_suffix(suffix: str, *, factor: float = 1.0) -> Writer:
    return lambda value, decimals: Text(number=_format(value * factor, decimals), suffix=suffix)


def _scale(base: float, units: Sequence[str]) -> Writer:
    def writer(value: float, decimals: int | None) -> Text:
        step = 0
        while abs(value) >= base and step < len(units) - 1:
            value, step = value / base, step + 1
        return Text(number=_format(value, decimals), suffix=units[step])

    return writer


def _count_of(symbol: str) -> Writer:
    short = _scale(1000, ("", "K", "M", "B", "T"))

    def writer(value: float, decimals: int | None) -> Text:
        text = short(value, decimals)
        return Text(number=text.number + text.suffix, suffix=f" {symbol}")

    return writer


_SPELLED: Final = (
    *((UNIT_SECONDS["s"], "second"), (UNIT_SECONDS["m"], "minute"), (UNIT_SECONDS["h"], "hour")),
    *((UNIT_SECONDS["d"], "day"), (UNIT_SECONDS["w"], "week"), (UNIT_SECONDS["y"], "year")),
)
_TIMES: Final = (
    *((1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1.0, "s"), (60.0, "min")),
    *_SPELLED[2:],
)
_PLURAL_FROM: Final = UNIT_SECONDS["h"]


def _time(unit_seconds: float) -> Writer:
    def writer(value: float, decimals: int | None) -> Text:
        seconds = value * unit_seconds
        if seconds == 0:
            unit = next(name for size, name in _TIMES if size == unit_seconds)
            return Text(number="0", suffix=f" {unit}")
        fitting = [(size, name) for size, name in _TIMES if abs(seconds) >= size]
        size, name = fitting[-1] if fitting else _TIMES[0]
        number = _format(seconds / size, decimals)
        plural = "s" if size >= _PLURAL_FROM and float(number) != 1 else ""
        return Text(number=number, suffix=f" {name}{plural}")

    return writer


def _duration(value: float, _decimals: int | None) -> Text:
    """Write the two largest parts: ``2 hours, 5 minutes``."""
    parts, rest = [], abs(value)
    for size, name in reversed(_SPELLED):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count:.0f} {name}{'' if count == 1 else 's'}")
    return Text(number=", ".join(parts[:2]) or "0 seconds")


def _clock(value: float, _decimals: int | None) -> Text:
    minutes, seconds = divmod(int(abs(value)), 60)
    hours, minutes = divmod(minutes, 60)
    return Text(number=f"{'-' if value < 0 else ''}{hours:02}:{minutes:02}:{seconds:02}")


def _from_now(value: float, _decimals: int | None) -> Text:
    seconds = datetime.now(UTC).timestamp() - value / 1000
    largest = _duration(seconds, None).number.split(",")[0]
    return Text(number=f"{largest} ago" if seconds >= 0 else f"in {largest}")


def _date(value: float, _decimals: int | None) -> Text:
    return Text(number=datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S"))


def _si(symbol: str, base: int, multiples: Sequence[str]) -> Writer:
    return _scale(base, [f" {multiple}{symbol}" for multiple in multiples])


_BINARY: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi")
_DECIMAL: Final = ("", "k", "M", "G", "T", "P")

_UNITS: Final[dict[str, Writer]] = {
    "": _with_suffix(""),
    "none": _with_suffix(""),
    "short": _scale(1000, ("", " K", " Mil", " Bil", " Tri")),
    "percent": _with_suffix("%"),
    "percentunit": _with_suffix("%", factor=100),
    "bytes": _si("B", 1024, _BINARY),
    "decbytes": _si("B", 1000, _DECIMAL),
    "Bps": _si("B/s", 1000, _DECIMAL),
    "binBps": _si("B/s", 1024, _BINARY),
    "hertz": _si("Hz", 1000, _DECIMAL),
    "reqps": _count_of("req/s"),
    "ops": _count_of("ops/s"),
    "cps": _count_of("c/s"),
    "rps": _count_of("rd/s"),
    "wps": _count_of("wr/s"),
    "iops": _count_of("io/s"),
    "eps": _count_of("evt/s"),
    "mps": _count_of("msg/s"),
    "pps": _count_of("p/s"),
    "µs": _time(1e-6),
    "ms": _time(1e-3),
    "s": _time(1.0),
    "m": _time(UNIT_SECONDS["m"]),
    "h": _time(UNIT_SECONDS["h"]),
    "d": _time(UNIT_SECONDS["d"]),
    "dtdurations": _duration,
    "dtdurationms": lambda value, _decimals: _duration(value / 1000, None),
    "dthms": _clock,
    "dateTimeFromNow": _from_now,
    "dateTimeAsIso": _date,
}
