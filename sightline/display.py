"""What the command says. Rich is imported late: the roles start meanwhile."""

import sys
import time
from typing import Self

from sightline.local.stack import Look
from sightline.local.state import Status


def note(text: str) -> None:
    """Say one thing."""
    print(text, flush=True)  # noqa: T201  this is the command's voice


def error(text: str) -> None:
    """Say what went wrong, where errors go."""
    print(f"sightline: {text}", file=sys.stderr, flush=True)  # noqa: T201  as above


class Progress:
    """Says how the start comes along, one line for each role."""

    def __init__(self) -> None:
        """The clock starts."""
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        """Say that it begins."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left to say."""

    def healthy(self, status: Status) -> None:
        """Say that a role is healthy."""
        seconds = time.monotonic() - self._began
        note(f"{seconds:5.1f} s  {status.role.name} is healthy: {status.role.provider}")


def table(look: Look) -> None:
    """Show every role: what plays it, how it is, where it is."""
    from rich.console import Console  # noqa: PLC0415  70 ms, late
    from rich.table import Table  # noqa: PLC0415  as above

    rows = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("role", "played by", "state", "where"):
        rows.add_column(heading, overflow="fold", no_wrap=heading in {"role", "where"})
    for name, status in look.statuses.items():
        rows.add_row(name, status.role.provider, _condition(look, name), status.role.url)
    Console().print(rows)


def _condition(look: Look, name: str) -> str:
    status = look.statuses[name]
    if look.answers[name]:
        return "[green]healthy[/]"
    if not look.supervised:
        return "[red]stopped[/]"
    if status.condition == "dead":
        return f"[red]dead[/]: {status.detail}"
    return "[yellow]does not answer[/]" if status.condition == "healthy" else "starting"
