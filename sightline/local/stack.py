"""The local stack as the command line sees it: bring roles up, look, take everything down."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from sightline.errors import RoleFailed
from sightline.local import process
from sightline.local.folder import Folder
from sightline.local.health import Health, probe_all
from sightline.local.ports import require_free
from sightline.local.state import Condition, Request, Role, State, Status
from sightline.local.supervisor import obituary

_LOOK_EVERY_SECONDS: Final = 0.5
_MARGIN_SECONDS: Final = 10.0
"""Grace over a deadline that the supervisor itself keeps."""


class Progress(Protocol):
    """Is told how a start comes along."""

    def healthy(self, status: Status) -> None:
        """A role became healthy."""

    def waiting(self, names: Sequence[str]) -> None:
        """These roles are not healthy yet; told again and again."""

    def done(self) -> None:
        """Nothing more will be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A stack at one moment."""

    supervised: bool
    statuses: dict[str, Status]
    health: dict[str, Health]
    """How each role answers its health check now."""
    failure: str = ""

    @property
    def well(self) -> bool:
        """Whether there is a stack and every role of it answers."""
        return self.supervised and set(self.health.values()) == {"healthy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One local stack, by its state folder."""

    folder: Folder
    healthy_within_seconds: float
    stop_within_seconds: float

    def look(self) -> Look:
        """How every role is right now."""
        state = self.folder.read()
        statuses = state.roles if state else {}
        # A dead role's port may be a stranger's by now.
        living = {n: s.role.health for n, s in statuses.items() if process.alive(s.process)}
        silent: dict[str, Health] = dict.fromkeys(statuses, "silent")
        return Look(
            supervised=bool(state) and self.folder.supervised,
            statuses=statuses,
            health=silent | probe_all(living),
            failure=state.failure if state else "",
        )

    def up(self, roles: Iterable[Role], progress: Progress) -> list[str]:
        """Start those of *roles* that do not answer, wait until all are well, return their names.

        Args:
            roles: What is to run afterwards; running others are left alone.
            progress: Is told of each role as it becomes healthy.

        Raises:
            PortTaken: Before anything starts.
            RoleFailed: A role died or was late; a stack that was never ready is stopped.
        """
        running = self.look()
        if not running.supervised:
            self._reap()
        starting = [role for role in roles if _silent(role, running)]
        if not starting:
            return []
        require_free(port for role in starting if not _alive(role, running) for port in role.ports)
        number = self._ask(starting)
        names = [role.name for role in starting]
        try:
            self._send(supervised=running.supervised)
            self._wait(names, number, progress)
        except KeyboardInterrupt:
            if not running.supervised:
                self.down()
            raise
        finally:
            progress.done()
        return names

    def down(self) -> list[str]:
        """Stop every role, also those that a killed supervisor left, and return their names."""
        # A supervisor that was started this moment has not said anything yet.
        process.until(
            lambda: bool(self.folder.read()) or not self.folder.supervised,
            within_seconds=_MARGIN_SECONDS,
        )
        state = self.folder.read()
        if not state:
            return []
        running = [name for name, status in state.roles.items() if process.alive(status.process)]
        if self.folder.supervised:
            _tell(state, signal.SIGTERM)
            patience = self.stop_within_seconds * (len(state.roles) + 1) + _MARGIN_SECONDS
            if not process.until(lambda: not self.folder.supervised, within_seconds=patience):
                process.stop([state.supervisor], within_seconds=0)
        self._reap()
        self.folder.forget()
        return running

    def wait(self) -> None:
        """Wait until the supervisor is gone."""
        while self.folder.supervised:
            time.sleep(_LOOK_EVERY_SECONDS)

    def _ask(self, roles: list[Role]) -> int:
        state = self.folder.read()
        number = state.request + 1 if state else 1
        self.folder.ask(
            Request(
                number=number,
                roles=tuple(roles),
                healthy_within_seconds=self.healthy_within_seconds,
                stop_within_seconds=self.stop_within_seconds,
            )
        )
        return number

    def _send(self, *, supervised: bool) -> None:
        state = self.folder.read()
        if supervised and state:
            _tell(state, signal.SIGHUP)
            return
        self.folder.forget()
        with self.folder.supervising() as lock, self.folder.log("supervisor").open("wb") as log:
            subprocess.run(
                [sys.executable, "-m", "sightline.local.supervisor", str(self.folder.path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[lock],
                start_new_session=True,
                check=False,  # `_wait` sees whether it lives
            )

    def _wait(self, names: list[str], number: int, progress: Progress) -> None:
        told: set[str] = set()

        def settled() -> bool:
            alive = self.folder.supervised
            state = self.folder.read()
            if state and state.request >= number:
                for status in _with(state, names, "healthy"):
                    if status.role.name not in told:
                        progress.healthy(status)
                        told.add(status.role.name)
                self._require_alive(state, names)
            if not alive:
                raise RoleFailed(self._vanished(state))
            missing = [name for name in names if name not in told]
            progress.waiting(missing)
            return not missing

        patience = self.healthy_within_seconds + _MARGIN_SECONDS
        if not process.until(settled, within_seconds=patience):
            missing = ", ".join(name for name in names if name not in told)
            raise RoleFailed(f"{missing}: not healthy, and the supervisor says nothing")

    def _require_alive(self, state: State, names: list[str]) -> None:
        if state.phase == "failed":
            self.folder.forget()
            raise RoleFailed(f"{state.failure}\nEverything that was started is stopped.")
        dead = [status for status in _with(state, names, "dead") if state.phase == "running"]
        if dead:
            raise RoleFailed("\n".join(obituary(self.folder, status) for status in dead))

    def _vanished(self, state: State | None) -> str:
        if state and state.failure:
            return state.failure
        lines = self.folder.last_lines("supervisor", 5)
        return "\n".join(("The stack was stopped while it started.", *lines))

    def _reap(self) -> None:
        """End what a supervisor that was killed left behind."""
        state = self.folder.read()
        left = [status.process for status in state.roles.values()] if state else []
        process.stop(left, within_seconds=self.stop_within_seconds)


def _silent(role: Role, look: Look) -> bool:
    """Whether *role* has to be started; one that waits for another is not helped by that."""
    return not look.supervised or look.health.get(role.name, "silent") == "silent"


def _alive(role: Role, look: Look) -> bool:
    """Whether a process of ours holds the ports of *role*."""
    return role.name in look.statuses and process.alive(look.statuses[role.name].process)


def _with(state: State, names: list[str], condition: Condition) -> Iterator[Status]:
    """Statuses of the roles *names* that are in *condition*."""
    statuses = (state.roles[name] for name in names if name in state.roles)
    return (status for status in statuses if status.condition == condition)


def _tell(state: State, number: signal.Signals) -> None:
    if process.alive(state.supervisor):
        with suppress(ProcessLookupError):
            os.kill(state.supervisor.pid, number)
