"""Paths that are not recorded: exact ones, and patterns when the service configures them."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from instrumentation._support.asgi_types import ASGIApp

_CACHE_SIZE: Final = 1024
"""Bound of the cached matches, because clients choose the paths."""


class ExcludedPath(NamedTuple):
    """Path that is not recorded."""

    app: ASGIApp | None
    """App that answers for this path; None: the instrumented app."""


class ExcludedPaths(dict[str, ExcludedPath]):
    """Excluded paths by path. Requests call only `get`."""


class PatternedExcludedPaths(ExcludedPaths):
    """Excluded paths that include every path with a match of one of *patterns*."""

    def __init__(self, patterns: Sequence[str]) -> None:
        super().__init__()
        find = re.compile("|".join(patterns)).search
        self._matches = lru_cache(_CACHE_SIZE)(lambda path: find(path) is not None)

    def get(self, path: str, default: ExcludedPath | None = None) -> ExcludedPath | None:  # type: ignore[override]  # narrower
        """Return the entry of *path*."""
        found = super().get(path, default)
        return ExcludedPath(app=None) if found is None and self._matches(path) else found


def excluded_paths(patterns: Sequence[str]) -> ExcludedPaths:
    """Return an empty table; without *patterns* its `get` is that of a dictionary."""
    return PatternedExcludedPaths(patterns) if patterns else ExcludedPaths()
