"""An objective, and what may be wrong with it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from sightline.mixin import clock, config

WINDOW: Final = "{{.window}}"
"""What stands for the range in a query. Source: Sloth, `prometheus/v1`."""

_DAY_SECONDS: Final = 86400


class SloError(ValueError):
    """An objective says something we cannot use; the text names file, place and expectation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A share of events that must be good over a period."""

    service: str
    """Value of the label `job`."""
    name: str
    """Value of the label `slo`."""
    objective: Fraction
    """Ratio, between 0 and 1."""
    period: str
    errors: str
    """PromQL of bad events a second, with `WINDOW` as its range."""
    events: str
    """PromQL of all events a second, likewise."""
    min_errors: int
    """Bad events in a window below which no burn rate alerts."""

    def __post_init__(self) -> None:
        """Refuse what would be silently wrong.

        Raises:
            SloError: Names the value and the expectation.
        """
        if not 0 < self.objective < 1:
            raise self._error(f"objective {percent(self.objective)}: expected between 0 and 100")
        if WINDOW not in self.errors or WINDOW not in self.events:
            raise self._error(f"expected {WINDOW} as the range in each query")
        if not 0 < self.days <= clock.seconds(config.RETENTION) // _DAY_SECONDS - 1:
            raise self._error(
                f"period {self.period!r}: expected whole days, and a day less than "
                f"the {config.RETENTION} that Prometheus keeps"
            )

    @property
    def budget(self) -> Fraction:
        """Share of events that may be bad."""
        return 1 - self.objective

    @property
    def days(self) -> int:
        """Length of the period; 0 if it is no number of whole days."""
        try:
            days, rest = divmod(clock.seconds(self.period), _DAY_SECONDS)
        except ValueError:
            return 0
        return 0 if rest else days

    def _error(self, problem: str) -> SloError:
        return SloError(f"{self.service}/{self.name}: {problem}")


def percent(ratio: Fraction) -> str:
    """*ratio* as people write it: 0.999 is ``99.9``."""
    return decimal(ratio * 100)


def decimal(ratio: Fraction) -> str:
    """*ratio* in decimals, exactly where it has an end within twelve places."""
    return f"{float(ratio):.12f}".rstrip("0").rstrip(".")
