"""Mutants that no story can kill, or need not, each with the reason."""

from typing import Final

REASONS: Final[dict[tuple[str, str], str]] = {}
"""Why the mutant (rule, what was done to it) may live."""
