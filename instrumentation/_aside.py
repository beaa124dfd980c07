"""Paths that are not recorded: by name, and by pattern where the service asks for it."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from instrumentation._asgi_types import ASGIApp

_REMEMBERED: Final = 1024
"""Paths that were matched; strangers may send any number of others."""


class Aside(NamedTuple):
    """A path that is not recorded."""

    app: ASGIApp | None
    """Who answers; None: the service itself."""


class Asides(dict[str, Aside]):
    """By path. `get` is all that requests ask."""


class PatternedAsides(Asides):
    """As `Asides`, and every path in which one of *patterns* is found."""

    def __init__(self, patterns: Sequence[str]) -> None:
        super().__init__()
        find = re.compile("|".join(patterns)).search
        self._matches = lru_cache(_REMEMBERED)(lambda path: find(path) is not None)

    def get(self, path: str, default: Aside | None = None) -> Aside | None:  # type: ignore[override]  # narrower
        """What stands under *path*."""
        found = super().get(path, default)
        return Aside(app=None) if found is None and self._matches(path) else found


def asides(patterns: Sequence[str]) -> Asides:
    """An empty table, as quick as a dictionary where there are no *patterns*."""
    return PatternedAsides(patterns) if patterns else Asides()
