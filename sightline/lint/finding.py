"""What a rule found, and what a rule is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """Something to mend."""

    path: Path
    place: str
    """Panel, variable or rule; empty for the file as a whole."""
    rule: str
    message: str
    """What is there and what was expected."""

    def __str__(self) -> str:
        """One line for a report."""
        where = f"{self.path}: {self.place}" if self.place else str(self.path)
        return f"{where}: {self.message} [{self.rule}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[Subject]):
    """A check with the name under which it can be excluded."""

    name: str
    check: Callable[[Subject], Iterator[tuple[str, str]]]
    """Gives place and message of each finding; its docstring says what it wants."""
