"""References to variables in text: ``$name``, ``${name.path:format}`` and ``[[name:format]]``.

Source: Grafana documentation, "Variable syntax".
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

_REFERENCE: Final = re.compile(
    r"\$(?P<bare>\w+)|\[\[(?P<old>\w+)(?::(?P<oldformat>\w+))?\]\]"
    r"|\$\{(?P<braced>\w+)(?:\.(?P<path>[^:}]+))?(?::(?P<format>[^}]+))?\}"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference and the text around it."""

    name: str
    path: str
    """Dotted path into the value, without the first dot; often empty."""
    format: str
    """Name of the output format; empty for the default of the place."""
    before: str
    after: str


def references(text: str) -> Iterator[Reference]:
    """Yield every reference in *text*."""
    return map(_reference, _REFERENCE.finditer(text))


def substitute(text: str, value_of: Callable[[Reference], str | None]) -> str:
    """Replace every reference in *text*; one whose value is None stays as written."""

    def replacement(found: re.Match[str]) -> str:
        value = value_of(_reference(found))
        return found[0] if value is None else value

    return _REFERENCE.sub(replacement, text)


def _reference(found: re.Match[str]) -> Reference:
    return Reference(
        found["bare"] or found["old"] or found["braced"],
        found["path"] or "",
        found["format"] or found["oldformat"] or "",
        found.string[: found.start()],
        found.string[found.end() :],
    )
