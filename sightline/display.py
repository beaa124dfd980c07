"""What the command says. Rich is imported late: the roles start meanwhile."""

import os
import shutil
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from sightline import artefacts
from sightline.invocation import command
from sightline.local.stack import Look
from sightline.local.state import Status
from sightline.printable import printable, printable_lines

if TYPE_CHECKING:
    from sightline.doctor import Finding

_LINE_EVERY_SECONDS: Final = 5.0
_PAGE_COLUMNS: Final = 160
_ADOPT: Final = artefacts.ROOT / "docs" / "how-to" / "adopt-a-service.md"


def note(text: str) -> None:
    """Print one message; foreign text in it cannot control the terminal."""
    print(printable_lines(text), flush=True)  # noqa: T201  this is the command's voice


def error(text: str) -> None:
    """Print what went wrong to standard error."""
    line = f"sightline: {printable_lines(text)}"
    print(line, file=sys.stderr, flush=True)  # noqa: T201  as above


def activity(text: str) -> None:
    """Say what goes on, on standard error: the output may be read by another program."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201  as above


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
            sys.stdout.write(printable(line)[: shutil.get_terminal_size().columns - 1])
            sys.stdout.flush()
        elif self._seconds > self._next_line:
            self._next_line += _LINE_EVERY_SECONDS
            note(line)

    def note(self, text: str) -> None:
        """Print *text* on a line of its own."""
        self._clear()
        note(text)

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
    """Show provider, condition, address and pid of every role, and what the supervisor lacks."""
    from rich.console import Console  # noqa: PLC0415  70 ms, late
    from rich.markup import escape  # noqa: PLC0415  as above
    from rich.table import Table  # noqa: PLC0415  as above

    rows = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("role", "played by", "state", "where", "pid"):
        rows.add_column(heading, overflow="fold", no_wrap=heading in {"role", "where"})
    for name, status in look.statuses.items():
        pid = str(status.process.pid)
        color, text = _condition(look, name)
        condition = f"[{color}]{escape(printable(text))}[/]"
        provider = escape(printable(status.role.provider))
        rows.add_row(name, provider, condition, status.role.url, pid)
    if look.statuses:
        Console(width=_width()).print(rows)
    dead = [name for name, status in look.statuses.items() if status.condition == "dead"]
    if look.supervised and dead:
        log = f"log/{dead[0]}.log" if len(dead) == 1 else "their logs in log/"
        again = command(f"up {' '.join(dead)}")
        note(f"{again} starts again what is dead; {log} says why it ended")
    for subject, sentence in look.troubles.items():
        note(f"trouble: {subject}: {sentence}")
    if not look.supervised:
        again, clean = command("up"), command("down")
        note(f"their supervisor was killed: {again} starts it again, {clean} cleans up")


def findings(found: "Iterable[Finding]") -> None:
    """Show what is fine and what is not."""
    from rich.console import Console  # noqa: PLC0415  as in `table`
    from rich.markup import escape  # noqa: PLC0415  as above
    from rich.table import Table  # noqa: PLC0415  as above

    marks = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "bad": "[red]bad[/]"}
    rows = Table(box=None, pad_edge=False, show_header=False)
    for finding in found:
        text = escape(printable_lines(finding.text))
        rows.add_row(marks[finding.verdict], finding.subject, text)
    Console(width=_width()).print(rows)


def next_step(pages: Mapping[str, str]) -> None:
    """Say where to look, where alerts arrive, how to add a service, and how to stop.

    Args:
        pages: Address of each role's page.
    """
    if "grafana" in pages:
        note(f"open {pages['grafana']}")
    if "control" in pages:
        note(f"alerts arrive at {pages['control']}")
    if _ADOPT.is_file():
        note(f"to add your own service, read {os.path.relpath(_ADOPT)}")
    note(f"{command('status')} shows this again, {command('down')} stops it all")


def _width() -> int | None:
    """The terminal's; a file or a pipe is no screen whose edge would cut a line."""
    return None if sys.stdout.isatty() else _PAGE_COLUMNS


def _condition(look: Look, name: str) -> tuple[str, str]:
    """Return color and text of the condition of the role *name*."""
    status = look.statuses[name]
    late = f": {status.detail}" if status.condition == "late" else ""
    match look.health[name]:
        case "healthy":
            return "green", "healthy"
        case "unready":
            return "yellow", f"not ready{late}"
    if not look.supervised:
        return "red", "stopped"
    if status.condition == "dead":
        return "red", f"dead: {status.detail}"
    waits = status.condition == "starting"
    return "yellow", "starting" if waits else f"does not answer{late}"
