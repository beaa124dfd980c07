"""Simulated durations: lognormal with a slow tail, and equal in every run."""

import random
from dataclasses import dataclass, field
from typing import Final

SLOW_RATIO: Final = 0.01
"""Ratio of slow durations."""
SLOW_FACTOR: Final = 8.0
"""Factor by which slow durations are longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Distribution of the duration of one kind of work, seeded with its name."""

    name: str
    median_seconds: float
    sigma: float
    """Standard deviation of the logarithm. 0.3 is steady, 0.6 is a busy database."""
    _rng: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rng", random.Random(self.name))

    def draw_seconds(self) -> float:
        """Return the next duration."""
        factor = SLOW_FACTOR if self._rng.random() < SLOW_RATIO else 1.0
        return self.median_seconds * self._rng.lognormvariate(0.0, self.sigma) * factor
