"""The process that keeps the roles: `python -m sightline.local.supervisor STATE_FOLDER`.

It knows nothing of Sightline: it starts what a `Request` names, watches, publishes the `State`, and
stops everything when told to (SIGTERM, SIGINT) or when the first start fails. SIGHUP means that
there is another request. Threads watch; the main thread decides everything, one event at a time.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

from sightline.local import process
from sightline.local.folder import Folder
from sightline.local.health import probe
from sightline.local.state import Condition, Request, Role, State, Status

_PROBE_EVERY_SECONDS: Final = 0.1
_TIDY_EVERY_SECONDS: Final = 30.0
_LOG_LIMIT_BYTES: Final = 16 << 20
_LAST_LINES: Final = 12

Event = Callable[[], None]


class Supervisor:
    """Keeps the roles of one stack."""

    def __init__(self, folder: Folder) -> None:
        """Publish that there is a supervisor for *folder*."""
        self._folder = folder
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._stop_within_seconds = 0.0
        self._state = State(supervisor=process.identify(os.getpid()), request=0, phase="starting")

    def run(self) -> int:
        """Keep the roles until told to stop, and return the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._events.put(self._stop))
        signal.signal(signal.SIGHUP, lambda *_: self._events.put(self._take))
        self._events.put(self._take)
        try:
            while self._state.phase in {"starting", "running"}:
                self._next_event()()
        finally:
            self._end(list(self._processes))
        return int(self._state.phase == "failed")

    def _next_event(self) -> Event:
        try:
            return self._events.get(timeout=_TIDY_EVERY_SECONDS)
        except Empty:
            return self._tidy

    def _take(self) -> None:
        """Start what the command asks for."""
        request = self._folder.take()
        if not request:
            self._tidy()
            return
        self._stop_within_seconds = request.stop_within_seconds
        anew = {role.name for role in request.roles}
        self._end([*anew])
        # Nobody who sees the request taken may still see how its roles fared before.
        known = {
            name: replace(status, condition="starting") if name in anew else status
            for name, status in self._state.roles.items()
        }
        self._publish(request=request.number, roles=known)
        for role in request.roles:
            if self._state.phase != "failed":
                self._start(role, request)

    def _start(self, role: Role, request: Request) -> None:
        log = self._folder.log(role.name)
        with suppress(FileNotFoundError):
            log.replace(log.with_suffix(".log.1"))
        try:
            with log.open("ab") as output:
                child = subprocess.Popen(
                    role.command,
                    cwd=role.folder,
                    env=role.environ,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            self._note(role, "dead", detail=f"does not start: {error}")
            self._give_up_unless_ready(role)
            return
        self._processes[role.name] = child
        self._note(role, "starting", identity=process.identify(child.pid))
        self._watch(partial(self._await_end, role, child))
        self._watch(partial(self._await_health, role, child, request.healthy_within_seconds))

    def _watch(self, watcher: Callable[[], None]) -> None:
        threading.Thread(target=watcher, daemon=True).start()

    def _await_end(self, role: Role, child: subprocess.Popen[bytes]) -> None:
        child.wait()
        self._events.put(partial(self._ended, role, child))

    def _await_health(self, role: Role, child: subprocess.Popen[bytes], within: float) -> None:
        began = time.monotonic()
        while child.returncode is None:
            if probe(role.health) == "healthy":
                self._events.put(partial(self._healthy, role, child, time.monotonic() - began))
                return
            if time.monotonic() - began > within:
                self._events.put(partial(self._late, role, child, within))
                return
            time.sleep(_PROBE_EVERY_SECONDS)

    def _healthy(self, role: Role, child: subprocess.Popen[bytes], after: float) -> None:
        if self._current(role, child):
            self._note(role, "healthy", healthy_after_seconds=round(after, 2))
        if all(status.condition == "healthy" for status in self._state.roles.values()):
            self._publish(phase="running")

    def _ended(self, role: Role, child: subprocess.Popen[bytes]) -> None:
        if self._current(role, child):
            del self._processes[role.name]
            self._note(role, "dead", detail=_ending(child.returncode))
            self._give_up_unless_ready(role)

    def _late(self, role: Role, child: subprocess.Popen[bytes], within: float) -> None:
        if self._current(role, child):
            self._end([role.name])
            self._note(role, "dead", detail=f"was not healthy within {within:g} s: {role.health}")
            self._give_up_unless_ready(role)

    def _current(self, role: Role, child: subprocess.Popen[bytes]) -> bool:
        """Whether *child* still plays *role*; it may have been replaced since the event."""
        return self._processes.get(role.name) is child

    def _give_up_unless_ready(self, role: Role) -> None:
        if self._state.phase == "starting":
            self._publish(failure=obituary(self._folder, self._state.roles[role.name]))
            self._end(list(self._processes))
            self._publish(phase="failed")

    def _stop(self) -> None:
        self._publish(phase="stopping")
        self._end(list(self._processes))
        self._folder.forget()

    def _end(self, names: list[str]) -> None:
        """Stop the roles *names*, those that need others before the others."""
        going = {name: self._state.roles[name].role for name in names if name in self._processes}
        while going:
            needed = {need for role in going.values() for need in role.needs}
            wave = [name for name in going if name not in needed] or list(going)
            children = [self._processes.pop(name) for name in wave]
            process.stop(
                [self._state.roles[name].process for name in wave],
                within_seconds=self._stop_within_seconds,
            )
            for child in children:
                child.wait()
            going = {name: role for name, role in going.items() if name not in wave}

    def _note(
        self,
        role: Role,
        condition: Condition,
        *,
        identity: process.Identity | None = None,
        healthy_after_seconds: float = 0.0,
        detail: str = "",
    ) -> None:
        """Publish how *role* fares; its environment stays out of the file, it may hold secrets."""
        known = self._state.roles.get(role.name)
        status = Status(
            role=replace(role, environ={}),
            condition=condition,
            process=identity or (known.process if known else process.Identity(0, "")),
            healthy_after_seconds=healthy_after_seconds,
            detail=detail,
        )
        self._publish(roles={**self._state.roles, role.name: status})

    def _publish(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]  # its own fields
        self._folder.write(self._state)

    def _tidy(self) -> None:
        """Bound the logs: what is past the limit becomes the one old log."""
        if not self._folder.read():
            # Somebody removed the folder: without it no command finds these processes any more.
            self._state = replace(self._state, phase="stopping")
            return
        for name in self._processes:
            log = self._folder.log(name)
            if log.stat().st_size > _LOG_LIMIT_BYTES:
                log.with_suffix(".log.1").write_bytes(log.read_bytes())
                # The child appends, so its next line starts the file anew.
                os.truncate(log, 0)


def obituary(folder: Folder, status: Status) -> str:
    """Why a role is dead, with the last lines it wrote."""
    name = status.role.name
    lines = [f"  {line}" for line in folder.last_lines(name, _LAST_LINES)]
    where = f" {folder.log(name)} ends with:" if lines else ""
    return "\n".join((f"{name} {status.detail}.{where}", *lines))


def _ending(returncode: int) -> str:
    if returncode < 0:
        return f"was ended by {signal.Signals(-returncode).name}"
    return f"exited with status {returncode}"


def main() -> int:
    """Keep the stack of the folder that the argument names, as an orphan that nobody waits for."""
    if os.fork():
        return 0
    return Supervisor(Folder(Path(sys.argv[1]))).run()


if __name__ == "__main__":
    sys.exit(main())
