"""How long simulated work takes: lognormal, with a tail, the same in every run."""

import random
from dataclasses import dataclass, field
from typing import Final

TAIL_RATIO: Final = 0.01
"""Share of the draws that are slow."""
TAIL_FACTOR: Final = 8.0
"""How many times slower those are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Durations of one kind of work; the name seeds it, so that two runs draw alike."""

    name: str
    median_seconds: float
    sigma: float
    """Spread of the logarithm: 0.3 is steady, 0.6 is a database on a busy day."""
    _draws: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_draws", random.Random(self.name))  # noqa: S311  not a secret

    def draw_seconds(self) -> float:
        """The next duration."""
        factor = TAIL_FACTOR if self._draws.random() < TAIL_RATIO else 1.0
        return self.median_seconds * self._draws.lognormvariate(0.0, self.sigma) * factor
