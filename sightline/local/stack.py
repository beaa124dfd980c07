"""Client of the local stack: start roles, query the status, stop everything."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

from sightline import private
from sightline.errors import ConfigurationError, RoleFailed
from sightline.invocation import command
from sightline.local import channel, process
from sightline.local.folder import VARIABLE, Folder
from sightline.local.health import Health, probe_all
from sightline.local.ports import require_free
from sightline.local.state import UNREADABLE, Request, Role, State, Status
from sightline.local.supervisor import exit_report

_POLL_SECONDS: Final = 0.5
_MARGIN_SECONDS: Final = 10.0
"""Margin over timeouts that the supervisor enforces."""

_REPAIRED_WITHIN_SECONDS: Final = 6.0
"""Time in which a running supervisor recreates removed files of its run directory."""


class Progress(Protocol):
    """Observer of a start."""

    def healthy(self, status: Status) -> None:
        """Report a healthy role."""

    def waiting(self, names: Sequence[str]) -> None:
        """Report the roles that are not healthy yet; called repeatedly."""

    def note(self, text: str) -> None:
        """Show a message to the user."""

    def done(self) -> None:
        """End the report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackStatus:
    """Status of a stack at one moment."""

    supervised: bool
    statuses: dict[str, Status]
    health: dict[str, Health]
    """Result of each role's health check."""
    problems: dict[str, str] = field(default_factory=dict)
    """Current errors of the supervisor by subject, each with the next step."""

    @property
    def healthy(self) -> bool:
        """True if a stack runs, every role is healthy, and the supervisor has no problem."""
        healthy = set(self.health.values()) == {"healthy"}
        return self.supervised and healthy and not self.problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Local stack of one state directory."""

    folder: Folder
    healthy_within_seconds: float
    stop_within_seconds: float

    def status(self) -> StackStatus:
        """Return the current status of every role.

        Raises:
            ConfigurationError: The state cannot be read; the message lists running roles.
        """
        supervised = self._supervised()
        state = self._query_supervisor() if supervised else None
        problems = state.problems if state else {}
        if supervised and not state:
            problems = {"supervisor": self._unresponsive_supervisor()}
        state = state or self._read_state()
        statuses = state.roles if state else {}
        # Another process may listen on the port of a dead role.
        living = {n: s.role.health for n, s in statuses.items() if process.alive(s.process)}
        silent: dict[str, Health] = dict.fromkeys(statuses, "silent")
        return StackStatus(
            supervised=supervised,
            statuses=statuses,
            health=silent | probe_all(living),
            problems=problems,
        )

    def up(self, roles: Iterable[Role], progress: Progress) -> list[str]:
        """Start *roles* that do not respond, wait until they are healthy, and return their names.

        Args:
            roles: Roles that must run; other running roles are unaffected.
            progress: Called for each role that becomes healthy.

        Raises:
            PortTaken: A port is in use; nothing was started.
            RoleFailed: A role exited or missed its timeout; the others keep running.
            ConfigurationError: The state directory is unusable, or the supervisor does not respond.
        """
        running = self._take_over(progress)
        starting = [role for role in roles if _needs_start(role, running)]
        if not starting:
            return []
        require_free(
            port for role in starting if not _owns_ports(role, running) for port in role.ports
        )
        names = [role.name for role in starting]
        try:
            number = self._send(starting, supervised=running.supervised)
            self._wait(names, number, progress)
        except KeyboardInterrupt:
            if not running.supervised:
                self.down()
            raise
        finally:
            progress.done()
        return names

    def down(self) -> list[str]:
        """Stop every role, including those of a killed supervisor, and return their names.

        Raises:
            ConfigurationError: Every role is stopped, but the state file cannot be removed.
        """
        supervisor = self._wait_for_identity()
        running = self._running_roles()
        if supervisor:
            _send_signal(supervisor, signal.SIGTERM)
            _send_signal(supervisor, signal.SIGCONT)  # so that a stopped process handles it
            timeout = self.stop_within_seconds * (len(running) + 1) + _MARGIN_SECONDS
            if not process.until(lambda: not process.alive(supervisor), within_seconds=timeout):
                process.stop([supervisor], within_seconds=0)
        left = running | self._running_roles()
        process.stop(left, within_seconds=self.stop_within_seconds)
        self.folder.remove_state()
        return list(dict.fromkeys(running.values()))

    def wait(self) -> None:
        """Wait until the supervisor has exited."""
        while self.folder.supervised or self._supervised():
            time.sleep(_POLL_SECONDS)

    def _supervised(self) -> bool:
        """Return true while a supervisor runs, even if its files were removed."""
        if self.folder.incomplete and self._running_roles():
            process.until(
                lambda: not self.folder.incomplete, within_seconds=_REPAIRED_WITHIN_SECONDS
            )
        return self.folder.supervised

    def _wait_for_identity(self) -> process.Identity | None:
        """Return the supervisor; wait until a new one has recorded its identity."""
        if not self._supervised():
            return self._recorded_supervisor()
        process.until(
            lambda: bool(self.folder.supervisor) or not self.folder.supervised,
            within_seconds=_MARGIN_SECONDS,
        )
        if not self.folder.supervised:
            return self._recorded_supervisor()
        state = self._last_state()
        return self.folder.supervisor or (state.supervisor if state else None)

    def _recorded_supervisor(self) -> process.Identity | None:
        """Return the supervisor of the state if it runs, although its lock is not held now."""
        state = self._last_state()
        return state.supervisor if state and process.alive(state.supervisor) else None

    def _take_over(self, progress: Progress) -> StackStatus:
        """Return the status; stop roles of a killed supervisor first."""
        if self._supervised():
            running = self.status()
            if "supervisor" in running.problems:
                raise ConfigurationError(running.problems["supervisor"])
            return running
        process.stop(self._running_roles(), within_seconds=self.stop_within_seconds)
        try:
            return self.status()
        except ConfigurationError as error:
            progress.note(f"{error}; the file is now {self.folder.rename_damaged().name}")
        return self.status()

    def _query_supervisor(self) -> State | None:
        """Return the current state from the supervisor; None if it does not respond."""
        try:
            return State.from_json(channel.ask(self.folder.run) or "")
        except UNREADABLE:
            return None

    def _read_state(self) -> State | None:
        """Return the published state.

        Raises:
            ConfigurationError: The file cannot be read; the message lists running roles.
        """
        try:
            return self.folder.read()
        except ConfigurationError as error:
            left = [f"{name} (pid {found.pid})" for found, name in self._running_roles().items()]
            rest = f"still running: {', '.join(left)}" if left else "no role of it runs"
            raise ConfigurationError(f"{error}; {rest}") from error

    def _last_state(self) -> State | None:
        """Return the state from the supervisor or the file; None if neither is readable."""
        with suppress(ConfigurationError):
            return self._query_supervisor() or self.folder.read()
        return None

    def _running_roles(self) -> dict[process.Identity, str]:
        """Return the running roles: those of the state and those that write to its logs."""
        state = self._last_state()
        known = {status.process: name for name, status in state.roles.items()} if state else {}
        writing = process.find_by_log(self.folder.logs)
        return {
            found: name
            for found, name in (writing | known).items()
            if name != "supervisor" and process.alive(found)
        }

    def _unresponsive_supervisor(self) -> str:
        found = self.folder.supervisor
        who = f"the supervisor (pid {found.pid})" if found else "the supervisor"
        down, up = command("down"), command("up")
        return f"{who} does not respond; {down} stops it, then {up} restarts the stack"

    def _send(self, roles: list[Role], *, supervised: bool) -> int:
        """Send *roles* to the supervisor, or to a new one; return the number of the request.

        Their environment is sent over a pipe or a socket, never through a file.
        """
        state = self._last_state() if supervised else None
        request = Request(
            number=state.request + 1 if state else 1,
            roles=tuple(roles),
            healthy_within_seconds=self.healthy_within_seconds,
            stop_within_seconds=self.stop_within_seconds,
        )
        if supervised:
            self._send_request(request)
        else:
            self._start_supervisor(request)
        return request.number

    def _send_request(self, request: Request) -> None:
        answer = channel.ask(self.folder.run, request.to_json())
        if answer is None:
            raise ConfigurationError(self._unresponsive_supervisor())
        if "refused" in json.loads(answer):
            raise ConfigurationError(
                f"the supervisor refuses the request ({json.loads(answer)['refused']}): it is of "
                f"another version of Sightline; {command('down')}, then {command('up')} again"
            )

    def _start_supervisor(self, request: Request) -> None:
        self.folder.remove_state()
        file = self.folder.log("supervisor")
        try:
            log = private.open_file(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC)
        except OSError as error:
            raise private.as_configuration_error(error, file, variable=VARIABLE) from error
        module = "sightline.local.supervisor"
        with self.folder.supervisor_lock() as lock, os.fdopen(log) as output:
            subprocess.run(
                [sys.executable, "-m", module, str(self.folder.path), str(lock)],
                input=request.to_json().encode(),
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[lock],
                start_new_session=True,
                check=False,  # `_wait` detects its failure
            )

    def _wait(self, names: list[str], number: int, progress: Progress) -> None:
        reported: set[str] = set()

        def settled() -> bool:
            alive = self.folder.supervised or self._supervised()
            state = self._last_state()
            if state and state.request >= number:
                statuses = [state.roles[name] for name in names if name in state.roles]
                for status in statuses:
                    if status.condition == "healthy" and status.role.name not in reported:
                        progress.healthy(status)
                        reported.add(status.role.name)
                self._require_alive(statuses)
            if not alive:
                raise RoleFailed(self._startup_failure())
            missing = [name for name in names if name not in reported]
            progress.waiting(missing)
            return not missing

        timeout = self.healthy_within_seconds + _MARGIN_SECONDS
        if not process.until(settled, within_seconds=timeout):
            missing = ", ".join(name for name in names if name not in reported)
            raise RoleFailed(f"{missing}: not healthy, and the supervisor does not respond")

    def _require_alive(self, statuses: list[Status]) -> None:
        failed = [status for status in statuses if status.condition in {"dead", "late"}]
        if failed:
            words = (exit_report(self.folder, status) for status in failed)
            names = " ".join(status.role.name for status in failed)
            raise RoleFailed(
                "\n".join((*words, f"The other roles keep running. Then: {command(f'up {names}')}"))
            )

    def _startup_failure(self) -> str:
        lines = self.folder.last_lines("supervisor", 5)
        return "\n".join(("The stack was stopped during its start.", *lines))


def _needs_start(role: Role, look: StackStatus) -> bool:
    """Return true if *role* must be started; an unready role needs no restart."""
    return not look.supervised or look.health.get(role.name, "silent") == "silent"


def _owns_ports(role: Role, look: StackStatus) -> bool:
    """Return true if the ports of *role* are in use by the role itself."""
    return role.name in look.statuses and process.alive(look.statuses[role.name].process)


def _send_signal(supervisor: process.Identity, number: signal.Signals) -> None:
    if process.alive(supervisor):
        with suppress(ProcessLookupError):
            os.kill(supervisor.pid, number)
