"""An objective, its indicator and its notifications."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final

from sightline.mixin import clock
from sightline.mixin.config import BurnWindow, Severity
from sightline.mixin.identity import IDENTITY
from sightline.mixin.slo import promql
from sightline.mixin.slo.windows import SHORTEST_DAYS, burn_windows

_NAME: Final = re.compile(r'[^{}%"\\`]{1,120}')
"""Names that can stand in queries and in templates of alerts."""

_DAY_SECONDS: Final = 86400
_LONGEST_DAYS: Final = 366
_HIGHEST: Final = Fraction("0.9999999")
"""Highest objective: three seconds of total outage in a year."""

_SEVERITIES: Final[dict[Severity, str]] = {"critical": "page", "warning": "write a ticket"}
"""Verbs of the alerts by severity."""


class SloError(ValueError):
    """An objective cannot be used. The text names file, line, value and expectation."""


class ObjectiveError(SloError):
    """A value of an objective cannot be used."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key
        """Name of the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """Queries of events per second, with `WINDOW` as their range."""

    kind: str
    """Value of the label `sli`: ``http``, ``grpc``, ``events``, …"""
    events: str
    """All events."""
    bad: str = ""
    """Bad events; 0 where only `events` has a result, unless it is a difference."""
    good: str = ""
    """Good events, in place of `bad`. Without a result there is no ratio."""
    ratio: str = ""
    """Ratio of bad events, in place of the other queries."""
    counter: str = ""
    """Selector of the counter of all events, if new series of it count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """Name and texts of the alerts of one severity."""

    enabled: bool = True
    name: str = "ErrorBudgetBurn"
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A ratio of events that must be good over a period."""

    service: str
    """Value of the label `job`."""
    name: str
    """Value of the label `slo`."""
    objective: Fraction
    """Ratio, between 0 and 1."""
    period: str
    indicator: Indicator
    min_errors: int
    """Number of bad events in a window below which no burn rate alerts."""
    min_events: int = 0
    """Number of all events in a window below which no burn rate alerts."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of every alert of this objective."""
    page: Notification = field(default_factory=Notification)
    ticket: Notification = field(default_factory=Notification)
    missing: str = "SloDataMissing"
    """Name of the alert on missing data; empty if there is none."""
    hold: bool = True
    """False if alerts fire at once, as those of Sloth."""
    identity: tuple[str, ...] = ("job",)
    """Labels of its series that identify a service, as far as they are known."""
    place: str = ""
    """File and line of the definition."""

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ObjectiveError: Names the value and the expectation.
        """
        for key, name in (("service", self.service), ("name", self.name)):
            if not _NAME.fullmatch(name) or not name.isprintable():
                raise self._error(
                    key,
                    f"{key} {name!r}: expected up to 120 printable characters without any of "
                    '{ } % " \\ `',
                )
        if not 0 < self.objective <= _HIGHEST:
            raise self._error(
                "objective",
                f"objective {percent(self.objective)}: expected more than 0 and at most "
                f"{percent(_HIGHEST)}",
            )
        if not SHORTEST_DAYS <= self.days <= _LONGEST_DAYS:
            raise self._error(
                "period",
                f"period {self.period!r}: expected whole days, from {SHORTEST_DAYS}d, the shortest "
                f"period with windows of its own, to {_LONGEST_DAYS}d",
            )
        self._check_alerts()
        self._check_queries()

    def _check_alerts(self) -> None:
        """Check that a total outage raises every kind of alert that is enabled."""
        for severity, name in _SEVERITIES.items():
            windows = [window for window in self.windows if window.severity == severity]
            if self.notification(severity).enabled and not any(map(self.can_fire, windows)):
                raise self._error(
                    "objective",
                    f"objective {percent(self.objective)} over {self.period}: even a total outage "
                    f"would never {name}; expected a higher objective, or alerts without it",
                )

    def _check_queries(self) -> None:
        indicator = self.indicator
        for query in filter(
            None, (indicator.events, indicator.bad, indicator.good, indicator.ratio)
        ):
            try:
                promql.check(query)
            except ValueError as error:
                raise self._error("sli", str(error)) from error
        if indicator.events:
            self._check_labels(indicator.events, indicator.bad or indicator.good)

    def _check_labels(self, events: str, part: str) -> None:
        """Check that both queries have results with equal labels, as far as it is visible."""
        of_events, of_part = promql.labels_of_result(events), promql.labels_of_result(part)
        if of_events is not None and of_part is not None and of_events != of_part:
            raise self._error(
                "sli",
                f"the queries keep the labels {sorted(of_events)} and {sorted(of_part)}: expected "
                "equal labels, because each ratio divides two results with equal labels",
            )

    @property
    def place_labels(self) -> dict[str, str]:
        """Labels of the objective that say where the service runs. Each of its series has them."""
        return {name: text for name, text in self.labels.items() if name in IDENTITY}

    @property
    def budget(self) -> Fraction:
        """Ratio of events that may be bad."""
        return 1 - self.objective

    @property
    def days(self) -> int:
        """Length of the period; 0 if it is not a whole number of days."""
        try:
            days, rest = divmod(clock.seconds(self.period), _DAY_SECONDS)
        except ValueError:
            return 0
        return 0 if rest else days

    @property
    def windows(self) -> tuple[BurnWindow, ...]:
        """Windows of the burn-rate alerts, with the factors of the period."""
        return burn_windows(self.days)

    @property
    def alert_windows(self) -> tuple[BurnWindow, ...]:
        """Windows of the alerts that are enabled, without a hold if they fire at once."""
        return tuple(
            window if self.hold else replace(window, hold="0s", keep="0s")
            for window in self.windows
            if self.notification(window.severity).enabled
        )

    def can_fire(self, window: BurnWindow) -> bool:
        """Return true if a total outage exceeds the factor of *window*."""
        return window.factor * self.budget < 1

    def notification(self, severity: Severity) -> Notification:
        """Return the notification of *severity*."""
        return self.page if severity == "critical" else self.ticket

    def _error(self, key: str, problem: str) -> ObjectiveError:
        return ObjectiveError(key, f"{self.service}/{self.name}: {problem}")


def percent(ratio: Fraction) -> str:
    """Write *ratio* as a percentage: 0.999 is ``99.9``."""
    return decimal(ratio * 100)


def decimal(ratio: Fraction) -> str:
    """Write *ratio* in decimals, exactly if twelve places suffice."""
    return f"{float(ratio):.12f}".rstrip("0").rstrip(".")
