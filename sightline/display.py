"""What the command says. Rich is imported late: the roles start meanwhile."""

import os
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from sightline.local.stack import Look
from sightline.local.state import Status

if TYPE_CHECKING:
    from sightline.doctor import Finding

_LINE_EVERY_SECONDS: Final = 5.0
_PAGE_COLUMNS: Final = 160


def note(text: str) -> None:
    """Say one thing."""
    print(text, flush=True)  # noqa: T201  this is the command's voice


def error(text: str) -> None:
    """Say what went wrong, where errors go."""
    print(f"sightline: {text}", file=sys.stderr, flush=True)  # noqa: T201  as above


def close() -> None:
    """Say no more: nobody reads on, and what waits to be written would fail when Python ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


class Progress:
    """Says how a start comes along: a line for each role, and whom it still waits for."""

    def __init__(self) -> None:
        """The clock starts."""
        self._began = time.monotonic()
        self._next_line = _LINE_EVERY_SECONDS
        self._line = ""

    def healthy(self, status: Status) -> None:
        """Say that a role is healthy."""
        self._clear()
        note(f"{self._seconds:5.1f} s  {status.role.name} is healthy: {status.role.provider}")

    def waiting(self, names: Sequence[str]) -> None:
        """Say who is not healthy yet: in place on a terminal, now and then elsewhere."""
        line = f"{self._seconds:5.1f} s  waiting for {', '.join(names)}"
        if not names or line == self._line:
            return
        self._line = line
        if sys.stdout.isatty():
            self._clear()
            sys.stdout.write(line[: shutil.get_terminal_size().columns - 1])
            sys.stdout.flush()
        elif self._seconds > self._next_line:
            self._next_line += _LINE_EVERY_SECONDS
            note(line)

    def done(self) -> None:
        """Leave the terminal clean."""
        self._clear()

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def _clear(self) -> None:
        if sys.stdout.isatty():
            sys.stdout.write("\r\x1b[K")


def table(look: Look) -> None:
    """Show every role: what plays it, how it is, where it is."""
    from rich.console import Console  # noqa: PLC0415  70 ms, late
    from rich.table import Table  # noqa: PLC0415  as above

    rows = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("role", "played by", "state", "where", "pid"):
        rows.add_column(heading, overflow="fold", no_wrap=heading in {"role", "where"})
    for name, status in look.statuses.items():
        pid = str(status.process.pid)
        rows.add_row(name, status.role.provider, _condition(look, name), status.role.url, pid)
    Console(width=_width()).print(rows)
    if not look.supervised:
        note("their supervisor was killed: `sightline up` starts anew, `sightline down` cleans up")


def findings(found: "Iterable[Finding]") -> None:
    """Show what is fine and what is not."""
    from rich.console import Console  # noqa: PLC0415  as in `table`
    from rich.table import Table  # noqa: PLC0415  as above

    marks = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "bad": "[red]bad[/]"}
    rows = Table(box=None, pad_edge=False, show_header=False)
    for finding in found:
        rows.add_row(marks[finding.verdict], finding.subject, finding.text)
    Console(width=_width()).print(rows)


def next_step(look: Look) -> None:
    """Say where to begin."""
    note("`sightline status` shows this again, `sightline down` stops it all")
    if "grafana" in look.statuses:
        note(f"open {look.statuses['grafana'].role.url}")


def _width() -> int | None:
    """The terminal's; a file or a pipe is no screen whose edge would cut a line."""
    return None if sys.stdout.isatty() else _PAGE_COLUMNS


def _condition(look: Look, name: str) -> str:
    status = look.statuses[name]
    match look.health[name]:
        case "healthy":
            return "[green]healthy[/]"
        case "unready":
            return "[yellow]not ready[/]"
    if not look.supervised:
        return "[red]stopped[/]"
    if status.condition == "dead":
        return f"[red]dead[/]: {status.detail}"
    return "[yellow]does not answer[/]" if status.condition == "healthy" else "starting"
