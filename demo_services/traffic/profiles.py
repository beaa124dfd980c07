"""Profiles of the load: how the rate changes with time, and what is asked."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_WAVE_SECONDS: Final = 600.0
_DAY_SECONDS: Final = 86_400.0
_SWING: Final = 0.4
_SPIKE: Final = 5
_SPIKE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Rate of the load over time, as a multiple of the configured rate."""

    name: str
    factor: Callable[[float], float]
    """Returns the multiple, from the seconds since the first request."""
    peak: float
    """Largest multiple."""
    only: str = ""
    """Scenario of nine requests in ten; every scenario by its weight if it is empty."""


def _wave(seconds: float, period: float) -> float:
    return 1 + _SWING * math.sin(2 * math.pi * seconds / period)


PROFILES: Final = (
    Profile(
        name="wave",
        factor=lambda seconds: _wave(seconds, _WAVE_SECONDS),
        peak=1 + _SWING,
    ),
    Profile(name="steady", factor=lambda _: 1, peak=1),
    Profile(
        name="spike",
        factor=lambda seconds: _SPIKE if seconds % 300 < _SPIKE_SECONDS else 1,
        peak=_SPIKE,
    ),
    Profile(
        name="ramp",
        factor=lambda seconds: min(40, 1 + seconds / 60),
        peak=40,
    ),
    Profile(
        name="abuse",
        factor=lambda _: 8,
        peak=8,
        only="report",
    ),
    Profile(
        name="soak",
        factor=lambda seconds: _wave(seconds, _DAY_SECONDS),
        peak=1 + _SWING,
    ),
    Profile(name="idle", factor=lambda _: 0.01, peak=0.01),
)
"""All profiles. The first is the default."""

BY_NAME: Final = {profile.name: profile for profile in PROFILES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Random arrivals at the rate of a profile."""

    rate: float
    """Configured rate in requests per second."""
    profile: Profile

    @property
    def peak(self) -> float:
        """Highest rate, in requests per second."""
        return self.rate * self.profile.peak

    def keeps(self, seconds: float, rng: random.Random) -> bool:
        """Return true if an arrival *seconds* after the first belongs to the load.

        Arrivals are drawn at the highest rate. Keeping each by chance, in proportion to the rate at
        its time, leaves random arrivals at that rate.
        """
        return rng.random() * self.profile.peak < self.profile.factor(seconds)
