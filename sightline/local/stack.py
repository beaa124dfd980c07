"""The local stack as the command line sees it: bring roles up, look, take everything down."""

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
from sightline.local.supervisor import last_words

_LOOK_EVERY_SECONDS: Final = 0.5
_MARGIN_SECONDS: Final = 10.0
"""Grace over a deadline that the supervisor itself keeps."""

_REPAIRED_WITHIN_SECONDS: Final = 6.0
"""Time in which a living supervisor makes again what was removed of its run directory."""


class Progress(Protocol):
    """Is told how a start comes along."""

    def healthy(self, status: Status) -> None:
        """A role became healthy."""

    def waiting(self, names: Sequence[str]) -> None:
        """These roles are not healthy yet; told again and again."""

    def note(self, text: str) -> None:
        """Say something that the user has to know."""

    def done(self) -> None:
        """Nothing more will be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A stack at one moment."""

    supervised: bool
    statuses: dict[str, Status]
    health: dict[str, Health]
    """How each role answers its health check now."""
    troubles: dict[str, str] = field(default_factory=dict)
    """Errors that the supervisor works around, by subject: a sentence with the next step."""

    @property
    def well(self) -> bool:
        """True when there is a stack, every role of it answers, and the supervisor is well."""
        healthy = set(self.health.values()) == {"healthy"}
        return self.supervised and healthy and not self.troubles


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One local stack, by its state folder."""

    folder: Folder
    healthy_within_seconds: float
    stop_within_seconds: float

    def look(self) -> Look:
        """Return the condition of every role right now.

        Raises:
            ConfigurationError: The state cannot be read; names what still runs.
        """
        supervised = self._supervised()
        state = self._answered() if supervised else None
        troubles = state.troubles if state else {}
        if supervised and not state:
            troubles = {"supervisor": self._silent_supervisor()}
        state = state or self._recorded()
        statuses = state.roles if state else {}
        # Another process may listen on a dead role's port by now.
        living = {n: s.role.health for n, s in statuses.items() if process.alive(s.process)}
        silent: dict[str, Health] = dict.fromkeys(statuses, "silent")
        return Look(
            supervised=supervised,
            statuses=statuses,
            health=silent | probe_all(living),
            troubles=troubles,
        )

    def up(self, roles: Iterable[Role], progress: Progress) -> list[str]:
        """Start those of *roles* that do not answer, wait until all are well, return their names.

        Args:
            roles: What is to run afterwards; running others are left alone.
            progress: Is told of each role as it becomes healthy.

        Raises:
            PortTaken: Before anything starts.
            RoleFailed: A role died or was late; the others keep running.
            ConfigurationError: The state directory cannot be used, or the supervisor is silent.
        """
        running = self._taken_over(progress)
        starting = [role for role in roles if _silent(role, running)]
        if not starting:
            return []
        require_free(port for role in starting if not _alive(role, running) for port in role.ports)
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
        """Stop every role, also those that a killed supervisor left, and return their names.

        Raises:
            ConfigurationError: All is stopped, but the state file cannot be removed.
        """
        supervisor = self._identified()
        running = self._running()
        if supervisor:
            _tell(supervisor, signal.SIGTERM)
            _tell(supervisor, signal.SIGCONT)  # a frozen one is woken to hear it
            patience = self.stop_within_seconds * (len(running) + 1) + _MARGIN_SECONDS
            if not process.until(lambda: not process.alive(supervisor), within_seconds=patience):
                process.stop([supervisor], within_seconds=0)
        left = running | self._running()
        process.stop(left, within_seconds=self.stop_within_seconds)
        self.folder.forget()
        return list(dict.fromkeys(running.values()))

    def wait(self) -> None:
        """Wait until the supervisor is gone."""
        while self.folder.supervised or self._supervised():
            time.sleep(_LOOK_EVERY_SECONDS)

    def _supervised(self) -> bool:
        """Return true while a supervisor lives, also one whose files were removed just now."""
        if self.folder.damaged and self._running():
            process.until(lambda: not self.folder.damaged, within_seconds=_REPAIRED_WITHIN_SECONDS)
        return self.folder.supervised

    def _identified(self) -> process.Identity | None:
        """Return the supervisor; one that was started this moment has not signed yet."""
        if not self._supervised():
            return None
        process.until(
            lambda: bool(self.folder.supervisor) or not self.folder.supervised,
            within_seconds=_MARGIN_SECONDS,
        )
        if not self.folder.supervised:
            return None
        state = self._published()
        return self.folder.supervisor or (state.supervisor if state else None)

    def _taken_over(self, progress: Progress) -> Look:
        """Return the stack as it runs; what a killed supervisor left is ended."""
        if self._supervised():
            running = self.look()
            if "supervisor" in running.troubles:
                raise ConfigurationError(running.troubles["supervisor"])
            return running
        process.stop(self._running(), within_seconds=self.stop_within_seconds)
        try:
            return self.look()
        except ConfigurationError as error:
            progress.note(f"{error}; the file is now {self.folder.rename_damaged().name}")
        return self.look()

    def _answered(self) -> State | None:
        """Return the state as the supervisor itself has it now."""
        try:
            return State.from_json(channel.ask(self.folder.run) or "")
        except UNREADABLE:
            return None

    def _recorded(self) -> State | None:
        """Return the published state.

        Raises:
            ConfigurationError: It cannot be read; names what still runs.
        """
        try:
            return self.folder.read()
        except ConfigurationError as error:
            left = [f"{name} (pid {found.pid})" for found, name in self._running().items()]
            rest = f"still running: {', '.join(left)}" if left else "no role of it runs"
            raise ConfigurationError(f"{error}; {rest}") from error

    def _published(self) -> State | None:
        """Return the state from wherever it can be read."""
        with suppress(ConfigurationError):
            return self._answered() or self.folder.read()
        return None

    def _running(self) -> dict[process.Identity, str]:
        """Return the roles that run: those of the state and those that write to its logs."""
        state = self._published()
        known = {status.process: name for name, status in state.roles.items()} if state else {}
        writing = process.find_by_log(self.folder.logs)
        return {
            found: name
            for found, name in (writing | known).items()
            if name != "supervisor" and process.alive(found)
        }

    def _silent_supervisor(self) -> str:
        found = self.folder.supervisor
        who = f"the supervisor (pid {found.pid})" if found else "the supervisor"
        return (
            f"{who} does not answer; {command('down')} ends it, then {command('up')} starts again"
        )

    def _send(self, roles: list[Role], *, supervised: bool) -> int:
        """Give *roles* to the supervisor, a new one if there is none; return the request's number.

        The environment in them reaches it by a pipe or a socket, never by a file.
        """
        state = self._published() if supervised else None
        request = Request(
            number=state.request + 1 if state else 1,
            roles=tuple(roles),
            healthy_within_seconds=self.healthy_within_seconds,
            stop_within_seconds=self.stop_within_seconds,
        )
        if supervised:
            self._hand_over(request)
        else:
            self._start_supervisor(request)
        return request.number

    def _hand_over(self, request: Request) -> None:
        answer = channel.ask(self.folder.run, request.to_json())
        if answer is None:
            raise ConfigurationError(self._silent_supervisor())
        if "refused" in json.loads(answer):
            raise ConfigurationError(
                f"the supervisor refuses the request ({json.loads(answer)['refused']}): it is of "
                f"another version of Sightline; {command('down')}, then {command('up')} again"
            )

    def _start_supervisor(self, request: Request) -> None:
        self.folder.forget()
        file = self.folder.log("supervisor")
        try:
            log = private.opened(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC)
        except OSError as error:
            raise private.explained(error, file, variable=VARIABLE) from error
        module = "sightline.local.supervisor"
        with self.folder.supervising() as lock, os.fdopen(log) as output:
            subprocess.run(
                [sys.executable, "-m", module, str(self.folder.path), str(lock)],
                input=request.to_json().encode(),
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[lock],
                start_new_session=True,
                check=False,  # `_wait` sees whether it lives
            )

    def _wait(self, names: list[str], number: int, progress: Progress) -> None:
        told: set[str] = set()

        def settled() -> bool:
            alive = self.folder.supervised or self._supervised()
            state = self._published()
            if state and state.request >= number:
                statuses = [state.roles[name] for name in names if name in state.roles]
                for status in statuses:
                    if status.condition == "healthy" and status.role.name not in told:
                        progress.healthy(status)
                        told.add(status.role.name)
                self._require_alive(statuses)
            if not alive:
                raise RoleFailed(self._vanished())
            missing = [name for name in names if name not in told]
            progress.waiting(missing)
            return not missing

        patience = self.healthy_within_seconds + _MARGIN_SECONDS
        if not process.until(settled, within_seconds=patience):
            missing = ", ".join(name for name in names if name not in told)
            raise RoleFailed(f"{missing}: not healthy, and the supervisor says nothing")

    def _require_alive(self, statuses: list[Status]) -> None:
        failed = [status for status in statuses if status.condition in {"dead", "late"}]
        if failed:
            words = (last_words(self.folder, status) for status in failed)
            names = " ".join(status.role.name for status in failed)
            raise RoleFailed(
                "\n".join((*words, f"The other roles keep running. Then: {command(f'up {names}')}"))
            )

    def _vanished(self) -> str:
        lines = self.folder.last_lines("supervisor", 5)
        return "\n".join(("The stack was stopped while it started.", *lines))


def _silent(role: Role, look: Look) -> bool:
    """Return true when *role* has to be started; a restart does not help one that only waits."""
    return not look.supervised or look.health.get(role.name, "silent") == "silent"


def _alive(role: Role, look: Look) -> bool:
    """Return true when *role* itself holds its ports."""
    return role.name in look.statuses and process.alive(look.statuses[role.name].process)


def _tell(supervisor: process.Identity, number: signal.Signals) -> None:
    if process.alive(supervisor):
        with suppress(ProcessLookupError):
            os.kill(supervisor.pid, number)
