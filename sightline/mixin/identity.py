"""Labels that identify a service in a Prometheus with several clusters and namespaces."""

from collections.abc import Iterable
from typing import Final

IDENTITY: Final = ("cluster", "namespace", "job")
"""Labels of a service, from the widest to the narrowest. Series without ``cluster`` or
``namespace`` need no change: PromQL treats an absent label as an empty one."""

PLACE: Final = IDENTITY[:-1]
"""Labels that say where a service runs."""

CLUSTER: Final = IDENTITY[:1]
"""Labels shared by services and the Jaeger that stores their spans."""


def on(*labels: str) -> str:
    """Return the clause that matches series of one service with equal *labels*."""
    return f"on ({', '.join((*IDENTITY, *labels))})"


def by(*labels: str) -> str:
    """Return the clause that aggregates by service and *labels*."""
    return f"by ({', '.join((*IDENTITY, *labels))})"


def expand(labels: Iterable[str]) -> tuple[str, ...]:
    """Return *labels* with the whole identity in place of ``job`` alone."""
    given = tuple(labels)
    if set(IDENTITY) <= set(given):
        return given
    return tuple(each for label in given for each in (IDENTITY if label == "job" else (label,)))


def matchers(*labels: str) -> str:
    """Return matchers of *labels* with ``%s`` as values, for `text.list_of`."""
    return ", ".join(f'{label}="%s"' for label in expand(labels))


SERVICE: Final = matchers("job")
"""Matchers of one service with ``%s`` as values."""
