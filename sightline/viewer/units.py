"""Numbers as Grafana writes them.

Source: grafana-data ``valueFormats`` (units, scaling) and ``getDecimalsForValue`` (three digits).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A number and the unit after it."""

    number: str
    suffix: str = ""
    prefix: str = ""

    def __str__(self) -> str:
        """As one string."""
        return f"{self.prefix}{self.number}{self.suffix}"


Writer = Callable[[float, int | None], Text]


def write(value: float, unit: str, decimals: int | None = None) -> Text:
    """*value* in *unit*, with three digits unless *decimals* says how many after the point.

    An unknown unit is written after the number.
    """
    writer = _UNITS.get(unit) or _prefixed(unit)
    return writer(value, decimals)


def write_tick(value: float, unit: str) -> str:
    """*value* for an axis: no zeros after the point."""
    text = write(value, unit)
    number = text.number
    letters = number.lstrip("-0123456789.,")
    digits = number[: len(number) - len(letters)]
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return f"{text.prefix}{digits}{letters}{text.suffix}"


def fixed(value: float, decimals: int | None) -> str:
    """*value* with *decimals*, or with three digits."""
    return f"{value:.{_decimals(value) if decimals is None else decimals}f}"


def _decimals(value: float) -> int:
    if not math.isfinite(value) or value == int(value):
        return 0
    return max(0, 2 - math.floor(math.log10(abs(value))))


def _after(suffix: str, *, factor: float = 1.0) -> Writer:
    return lambda value, decimals: Text(number=fixed(value * factor, decimals), suffix=suffix)


def _before(prefix: str) -> Writer:
    return lambda value, decimals: Text(number=fixed(value, decimals), prefix=prefix)


def _scaled(base: float, units: Sequence[str], *, start: int = 0) -> Writer:
    def writer(value: float, decimals: int | None) -> Text:
        step = start
        while abs(value) >= base and step < len(units) - 1:
            value, step = value / base, step + 1
        return Text(number=fixed(value, decimals), suffix=units[step])

    return writer


def _counted(symbol: str) -> Writer:
    short = _scaled(1000, _SHORT_COUNTS)

    def writer(value: float, decimals: int | None) -> Text:
        text = short(value, decimals)
        return Text(number=text.number + text.suffix, suffix=f" {symbol}")

    return writer


_SHORT_COUNTS: Final = ("", "K", "M", "B", "T")
_TIMES: Final = (
    *((1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1.0, "s"), (60.0, "min")),
    *((3600.0, "hour"), (86400.0, "day"), (604800.0, "week"), (31536000.0, "year")),
)


def _time(unit_seconds: float) -> Writer:
    def writer(value: float, decimals: int | None) -> Text:
        seconds = value * unit_seconds
        own = next(name for size, name in _TIMES if size == unit_seconds)
        if seconds == 0:
            return Text(number="0", suffix=f" {own}")
        fitting = [(size, name) for size, name in _TIMES if abs(seconds) >= size]
        size, name = fitting[-1] if fitting else _TIMES[0]
        number = fixed(seconds / size, decimals)
        plural = "s" if size >= _PLURAL_FROM and float(number) != 1 else ""
        return Text(number=number, suffix=f" {name}{plural}")

    return writer


_PLURAL_FROM: Final = 3600.0


def _duration(value: float, _decimals: int | None) -> Text:
    """The two largest parts: ``2 hours, 5 minutes``."""
    parts, rest = [], abs(value)
    for size, name in reversed(_SPELT):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count:.0f} {name}{'' if count == 1 else 's'}")
    return Text(number=", ".join(parts[:2]) or "0 seconds")


_SPELT: Final = (
    *((1, "second"), (60, "minute"), (3600, "hour"), (86400, "day")),
    *((604800, "week"), (31536000, "year")),
)


def _clock(value: float, _decimals: int | None) -> Text:
    minutes, seconds = divmod(int(abs(value)), 60)
    hours, minutes = divmod(minutes, 60)
    return Text(number=f"{hours:02}:{minutes:02}:{seconds:02}", prefix="-" if value < 0 else "")


def _from_now(value: float, _decimals: int | None) -> Text:
    seconds = datetime.now(UTC).timestamp() - value / 1000
    spelt = _duration(seconds, None).number.split(",")[0]
    return Text(number=f"{spelt} ago" if seconds >= 0 else f"in {spelt}")


def _date(value: float, _decimals: int | None) -> Text:
    return Text(number=datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S"))


def _words(no: str, yes: str) -> Writer:
    return lambda value, _decimals: Text(number=yes if value else no)


def _plain(value: float, decimals: int | None) -> Text:
    return Text(number=fixed(value, decimals))


def _local(value: float, decimals: int | None) -> Text:
    return Text(number=f"{value:,.{_decimals(value) if decimals is None else decimals}f}")


def _prefixed(unit: str) -> Writer:
    kind, colon, symbol = unit.partition(":")
    makers: dict[str, Callable[[str], Writer]] = {
        "prefix": _before,
        "suffix": lambda text: _after(f" {text}"),
        "currency": _before,
        "count": _counted,
        "si": lambda text: _scaled(1000, [f" {step}{text}" for step in ("", "k", "M", "G", "T")]),
    }
    if colon and kind in makers:
        return makers[kind](symbol)
    return _after(f" {unit}" if unit else "")


def _steps(symbol: str, steps: Sequence[str]) -> list[str]:
    return [f" {step}{symbol}" for step in steps]


_BINARY: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi")
_DECIMAL: Final = ("", "k", "M", "G", "T", "P")

_UNITS: Final[dict[str, Writer]] = {
    "": _plain,
    "none": _plain,
    "string": _plain,
    "short": _scaled(1000, ("", " K", " Mil", " Bil", " Tri")),
    "locale": _local,
    "percent": _after("%"),
    "percentunit": _after("%", factor=100),
    "bytes": _scaled(1024, _steps("B", _BINARY)),
    "decbytes": _scaled(1000, _steps("B", _DECIMAL)),
    "kbytes": _scaled(1024, _steps("B", _BINARY), start=1),
    "mbytes": _scaled(1024, _steps("B", _BINARY), start=2),
    "bits": _scaled(1024, _steps("b", _BINARY)),
    "decbits": _scaled(1000, _steps("b", _DECIMAL)),
    "Bps": _scaled(1000, _steps("B/s", _DECIMAL)),
    "binBps": _scaled(1024, _steps("B/s", _BINARY)),
    "bps": _scaled(1000, _steps("b/s", _DECIMAL)),
    "hertz": _scaled(1000, _steps("Hz", _DECIMAL)),
    "reqps": _counted("req/s"),
    "ops": _counted("ops/s"),
    "cps": _counted("c/s"),
    "rps": _counted("rd/s"),
    "wps": _counted("wr/s"),
    "iops": _counted("io/s"),
    "eps": _counted("evt/s"),
    "mps": _counted("msg/s"),
    "pps": _counted("p/s"),
    "recps": _counted("rec/s"),
    "opm": _counted("ops/m"),
    "cpm": _counted("c/m"),
    "reqpm": _counted("req/m"),
    "ns": _time(1e-9),
    "µs": _time(1e-6),
    "ms": _time(1e-3),
    "s": _time(1.0),
    "m": _time(60.0),
    "h": _time(3600.0),
    "d": _time(86400.0),
    "dtdurations": _duration,
    "dtdurationms": lambda value, _decimals: _duration(value / 1000, None),
    "dthms": _clock,
    "clocks": _clock,
    "dateTimeFromNow": _from_now,
    "dateTimeAsIso": _date,
    "dateTimeAsLocal": _date,
    "dateTimeAsSystem": _date,
    "bool": _words("False", "True"),
    "bool_yes_no": _words("No", "Yes"),
    "bool_on_off": _words("Off", "On"),
}
