"""Findings and rules."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

Subject = TypeVar("Subject")

Found: TypeAlias = Iterator[tuple[str, str]]
"""Place and message of each finding of a rule."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """A violation of a rule."""

    path: Path
    place: str
    """Panel, variable or alert; empty for the file as a whole."""
    rule: str
    message: str
    """The value found and the value expected."""

    def __str__(self) -> str:
        """Format the finding as one line."""
        where = f"{self.path}: {self.place}" if self.place else str(self.path)
        return f"{where}: {' '.join(self.message.split())} [{self.rule}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[Subject]):
    """A check and the name by which it is excluded."""

    name: str
    check: Callable[[Subject], Found]
    """Its docstring states the requirement."""
    single: bool = False
    """The rule judges a panel by itself, as those of Grafana's library."""
