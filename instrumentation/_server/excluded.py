"""Paths that are not recorded: by name, and by pattern where the service asks for it."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from instrumentation._support.asgi_types import ASGIApp

_REMEMBERED: Final = 1024
"""Paths that were matched; strangers may send any number of others."""


class ExcludedPath(NamedTuple):
    """A path that is not recorded."""

    app: ASGIApp | None
    """Who answers; None: the service itself."""


class ExcludedPaths(dict[str, ExcludedPath]):
    """By path. `get` is all that requests ask."""


class PatternedExcludedPaths(ExcludedPaths):
    """As `ExcludedPaths`, and every path in which one of *patterns* is found."""

    def __init__(self, patterns: Sequence[str]) -> None:
        super().__init__()
        find = re.compile("|".join(patterns)).search
        self._matches = lru_cache(_REMEMBERED)(lambda path: find(path) is not None)

    def get(self, path: str, default: ExcludedPath | None = None) -> ExcludedPath | None:  # type: ignore[override]  # narrower
        """What stands under *path*."""
        found = super().get(path, default)
        return ExcludedPath(app=None) if found is None and self._matches(path) else found


def excluded_paths(patterns: Sequence[str]) -> ExcludedPaths:
    """An empty table, as quick as a dictionary where there are no *patterns*."""
    return PatternedExcludedPaths(patterns) if patterns else ExcludedPaths()
