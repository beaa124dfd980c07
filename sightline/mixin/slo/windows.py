"""Windows of the burn-rate alerts, with factors for the length of the budget period.

The windows are equal for all periods. From 28 days on, a factor is the burn rate that spends the
same share of the budget within the long window as in `BURN_WINDOWS`: 2, 5, 10 and 10 %. In a
shorter period these shares would be normal operation, so the factors of a week are Sloth's.
"""

from dataclasses import replace
from typing import Final

from sightline.mixin.config import BURN_WINDOWS, BurnWindow

SHORTEST_DAYS: Final = 7
_PROPORTIONAL_DAYS: Final = 28
_TABLE_DAYS: Final = 30

_WEEK: Final = (13.44, 3.5, 1.4, 0.98)
"""Factors of `BURN_WINDOWS` for 7 days: 8, 12.5, 20 and 42 % of the budget within the long window.
Source: Sloth, `examples/windows/7d.yaml`."""


def burn_windows(days: int) -> tuple[BurnWindow, ...]:
    """Return the windows of the alerts for a period of *days*."""
    return tuple(
        replace(window, factor=round(_factor(window.factor, week, days), 6))
        for window, week in zip(BURN_WINDOWS, _WEEK, strict=True)
    )


def _factor(month: float, week: float, days: int) -> float:
    """Return the factor: proportional from 28 days on, interpolated between 7 and 28."""
    if days >= _PROPORTIONAL_DAYS:
        return month * days / _TABLE_DAYS
    four_weeks = month * _PROPORTIONAL_DAYS / _TABLE_DAYS
    part = (days - SHORTEST_DAYS) / (_PROPORTIONAL_DAYS - SHORTEST_DAYS)
    return week + (four_weeks - week) * part
