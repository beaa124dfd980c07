"""Output of the command. Rich is imported late, during the start of the roles."""

import io
import os
import shutil
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TextIO

from sightline import artifacts
from sightline.invocation import command
from sightline.local.stack import StackStatus
from sightline.local.state import Status
from sightline.printable import printable, printable_lines

if TYPE_CHECKING:
    from sightline.doctor import Finding

_LINE_EVERY_SECONDS: Final = 5.0
_PAGE_COLUMNS: Final = 160
_ADOPT: Final = artifacts.ROOT / "docs" / "how-to" / "adopt-a-service.md"


def note(text: str) -> None:
    """Print one message; control characters are escaped."""
    _print(printable_lines(text), sys.stdout)


def error(text: str) -> None:
    """Print an error to standard error."""
    line = f"sightline: {printable_lines(text)}"
    _print(line, sys.stderr)


def activity(text: str) -> None:
    """Print progress to standard error, because standard output may be parsed."""
    _print(text, sys.stderr)


def accept_any_text() -> None:
    """Escape characters that the encoding of standard output lacks, and allow a closed output."""
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(io.FileIO(os.devnull, "w"), encoding="utf-8")
    elif isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def silence_stdout() -> None:
    """Redirect standard output to /dev/null, so that the flush at exit cannot fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def _print(text: str, stream: TextIO) -> None:
    stream.write(f"{text}\n")
    stream.flush()


class Progress:
    """Progress of a start: a line for each healthy role, and the pending ones."""

    def __init__(self) -> None:
        """Start the clock."""
        self._began = time.monotonic()
        self._next_line = _LINE_EVERY_SECONDS
        self._line = ""

    def healthy(self, status: Status) -> None:
        """Print a healthy role."""
        self._clear()
        note(f"{self._seconds:5.1f} s  {status.role.name} is healthy: {status.role.provider}")

    def waiting(self, names: Sequence[str]) -> None:
        """Print the pending roles: in place on a terminal, every few seconds elsewhere."""
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
        """Clear the line of pending roles."""
        self._clear()

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def _clear(self) -> None:
        if sys.stdout.isatty():
            sys.stdout.write("\r\x1b[K")


def table(look: StackStatus) -> None:
    """Print provider, state, address and pid of every role, and the supervisor's problems."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    rows = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("role", "provider", "state", "address", "pid"):
        rows.add_column(heading, overflow="fold", no_wrap=heading in {"role", "address"})
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
        note(f"{again} restarts dead roles; see {log} for the reason")
    for subject, sentence in look.problems.items():
        note(f"problem: {subject}: {sentence}")
    if not look.supervised:
        again, clean = command("up"), command("down")
        note(f"the supervisor was killed: {again} restarts the stack, {clean} stops the roles")


def findings(found: "Iterable[Finding]") -> None:
    """Print the results of `doctor`."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    marks = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "bad": "[red]bad[/]"}
    rows = Table(box=None, pad_edge=False, show_header=False)
    for finding in found:
        text = escape(printable_lines(finding.text))
        rows.add_row(marks[finding.verdict], finding.subject, text)
    Console(width=_width()).print(rows)


def next_step(pages: Mapping[str, str]) -> None:
    """Print the next steps: pages, alerts, adding a service, stop.

    Args:
        pages: Address of each role's page.
    """
    if "grafana" in pages:
        note(f"open {pages['grafana']}")
    if "control" in pages:
        note(f"alerts arrive at {pages['control']}")
    if _ADOPT.is_file():
        note(f"to add your own service, read {os.path.relpath(_ADOPT)}")
    note(f"{command('status')} shows this again, {command('down')} stops everything")


def _width() -> int | None:
    """Return the width of the terminal; files and pipes have a fixed one."""
    return None if sys.stdout.isatty() else _PAGE_COLUMNS


def _condition(look: StackStatus, name: str) -> tuple[str, str]:
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
