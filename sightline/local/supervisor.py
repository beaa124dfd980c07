"""Supervisor of the roles: `python -m sightline.local.supervisor STATE_DIRECTORY LOCK`.

It knows nothing of Sightline: it starts what a `Request` names, watches, publishes the `State`, and
stops everything when told to (SIGTERM, SIGINT). The first request comes on standard input, others
through the socket. Threads watch; the main thread decides everything, one event at a time.

No event ends it: an error is logged, shown in the state with its next step, and the step is tried
again where that can help.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

from sightline import private
from sightline.invocation import command
from sightline.local import process
from sightline.local.channel import Listener
from sightline.local.folder import Folder, Superseded
from sightline.local.health import probe
from sightline.local.log import Log
from sightline.local.state import UNREADABLE, Condition, Request, Role, State, Status
from sightline.local.troubles import Troubles

_PROBE_EVERY_SECONDS: Final = 0.1
_PROBE_LATE_EVERY_SECONDS: Final = 0.5
_TIDY_EVERY_SECONDS: Final = 1.0
_LAST_LINES: Final = 12
_MOST_UNSAID: Final = 100
_REAPED_WITHIN_SECONDS: Final = 1.0

Event = Callable[[], None]


class Supervisor:
    """Supervisor of the roles of one stack.

    Args:
        lock: Descriptor of the held lock of *folder*.
    """

    def __init__(self, folder: Folder, lock: int) -> None:
        self._folder = folder
        self._lock = lock
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: dict[str, Log] = {}
        self._stop_within_seconds = 0.0
        self._unsaid: deque[str] = deque(maxlen=_MOST_UNSAID)
        self._troubles = Troubles(self._say)
        self._state = State(supervisor=process.identify(os.getpid()), request=0, phase="starting")
        self._tidy_at = time.monotonic() + _TIDY_EVERY_SECONDS

    def run(self, request: str) -> None:
        """Start *request*, and keep its roles until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._events.put(self._stop))
        signal.signal(signal.SIGHUP, lambda *_: self._events.put(self._tidy))
        with self._attempt("supervisor.lock"):
            self._folder.sign(self._lock, self._state.supervisor)
        self._watch(Listener(self._folder.run, self._answer, self._troubles).serve)
        self._events.put(lambda: self._take(Request.from_json(request)))
        while self._state.phase != "stopping":
            event = self._next_event()
            with self._attempt("supervisor", "see log/supervisor.log"):
                event()
        self._end(list(self._processes))

    def _attempt(
        self, subject: str, next_step: str = "free some space there"
    ) -> AbstractContextManager[None]:
        return self._troubles.attempt(subject, next_step)

    def _next_event(self) -> Event:
        try:
            return self._events.get(timeout=max(0.0, self._tidy_at - time.monotonic()))
        except Empty:
            self._tidy_at = time.monotonic() + _TIDY_EVERY_SECONDS
            return self._tidy

    def _answer(self, message: str) -> str:
        """Take the request in *message*, if there is one, and return the state."""
        if message:
            try:
                request = Request.from_json(message)
            except UNREADABLE as error:
                return json.dumps({"refused": f"{type(error).__name__}: {error}"})
            self._events.put(partial(self._take, request))
        return self._current_state().to_json()

    def _take(self, request: Request) -> None:
        """Start what the command asks for."""
        self._stop_within_seconds = request.stop_within_seconds
        named = {role.name for role in request.roles}
        self._end([*named])
        # A reader that sees the request taken must not see the old condition of its roles.
        known = {
            name: replace(status, condition="starting") if name in named else status
            for name, status in self._state.roles.items()
        }
        self._publish(request=request.number, roles=known)
        for role in request.roles:
            self._start(role, request)

    def _start(self, role: Role, request: Request) -> None:
        try:
            child = self._started(role)
        except Exception as error:  # noqa: BLE001  the other roles must start all the same
            self._note(role, "dead", detail=f"does not start: {error}")
            return
        self._processes[role.name] = child
        self._note(role, "starting", identity=process.identify(child.pid))
        self._watch(partial(self._await_end, role, child))
        self._watch(partial(self._await_health, role, child, request.healthy_within_seconds))

    def _started(self, role: Role) -> subprocess.Popen[bytes]:
        log = Log(self._folder.log(role.name))
        try:
            child = subprocess.Popen(
                role.command,
                cwd=role.folder,
                env=role.environ,
                stdin=subprocess.DEVNULL,
                stdout=log.descriptor,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except BaseException:
            log.close()
            raise
        self._logs[role.name] = log
        return child

    def _watch(self, watcher: Callable[[], None]) -> None:
        def guarded() -> None:
            with self._attempt(f"watcher {threading.current_thread().name}", "see its traceback"):
                watcher()

        threading.Thread(target=guarded, daemon=True).start()

    def _await_end(self, role: Role, child: subprocess.Popen[bytes]) -> None:
        child.wait()
        self._events.put(partial(self._ended, role, child))

    def _await_health(self, role: Role, child: subprocess.Popen[bytes], within: float) -> None:
        began, late = time.monotonic(), False
        while child.returncode is None:
            if probe(role.health) == "healthy":
                self._events.put(partial(self._healthy, role, child, time.monotonic() - began))
                return
            if not late and time.monotonic() - began > within:
                late = True
                self._events.put(partial(self._late, role, child, within))
            time.sleep(_PROBE_LATE_EVERY_SECONDS if late else _PROBE_EVERY_SECONDS)

    def _healthy(self, role: Role, child: subprocess.Popen[bytes], after: float) -> None:
        if self._current(role, child):
            self._note(role, "healthy", healthy_after_seconds=round(after, 2))
        if all(status.condition == "healthy" for status in self._state.roles.values()):
            self._publish(phase="running")

    def _ended(self, role: Role, child: subprocess.Popen[bytes]) -> None:
        if self._current(role, child):
            del self._processes[role.name]
            self._close_log(role.name)
            self._note(role, "dead", detail=_ending(child.returncode))

    def _late(self, role: Role, child: subprocess.Popen[bytes], within: float) -> None:
        if self._current(role, child):
            self._note(role, "late", detail=f"was not healthy within {within:g} s: {role.health}")

    def _current(self, role: Role, child: subprocess.Popen[bytes]) -> bool:
        """Return true while *child* plays *role*; it may have been replaced since the event."""
        return self._processes.get(role.name) is child

    def _stop(self) -> None:
        self._publish(phase="stopping")
        self._end(list(self._processes))
        with self._attempt("state.json"):
            self._folder.forget()

    def _end(self, names: list[str]) -> None:
        """Stop the roles *names*, those that need others before the others."""
        going = {name: self._state.roles[name].role for name in names if name in self._processes}
        while going:
            needed = {need for role in going.values() for need in role.needs}
            wave = [name for name in going if name not in needed] or list(going)
            children = [self._processes.pop(name) for name in wave]
            with self._attempt("stopping roles", f"{command('down')} tries again"):
                process.stop(
                    [self._state.roles[name].process for name in wave],
                    within_seconds=self._stop_within_seconds,
                )
            for name, child in zip(wave, children, strict=True):
                with suppress(subprocess.TimeoutExpired):
                    child.wait(_REAPED_WITHIN_SECONDS)
                self._close_log(name)
            going = {name: role for name, role in going.items() if name not in wave}

    def _close_log(self, name: str) -> None:
        with self._attempt(f"log of {name}"):
            self._logs.pop(name).close()

    def _note(
        self,
        role: Role,
        condition: Condition,
        *,
        identity: process.Identity | None = None,
        healthy_after_seconds: float = 0.0,
        detail: str = "",
    ) -> None:
        """Publish the condition of *role*, without its environment, which may hold secrets."""
        known = self._state.roles.get(role.name)
        status = Status(
            role=replace(role, environ={}),
            condition=condition,
            process=identity or (known.process if known else process.Identity(0, 0.0)),
            healthy_after_seconds=healthy_after_seconds,
            detail=detail,
        )
        self._publish(roles={**self._state.roles, role.name: status})

    def _publish(self, **changes: object) -> None:
        """Change the state, and write it; `_tidy` tries again what could not be written."""
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]  # its own fields
        with self._attempt("state.json"):
            self._folder.write(self._current_state().to_json())

    def _current_state(self) -> State:
        return replace(self._state, troubles=self._troubles.open)

    def _tidy(self) -> None:
        """Repair what others removed or damaged, and bound the logs."""
        if not self._folder.path.exists():
            # Without its directory no command finds these processes any more.
            self._state = replace(self._state, phase="stopping")
            return
        with self._attempt("state directory"):
            self._folder.make()
        with self._attempt("supervisor.lock"):
            self._keep_lock()
        for name, child in list(self._processes.items()):
            with self._attempt(f"log of {name}"):
                self._logs[name].tidy()
            if child.poll() is not None:  # its watcher may have failed
                self._ended(self._state.roles[name].role, child)
        with self._attempt("state.json"):
            state = self._current_state().to_json()
            if self._state.phase != "stopping" and not self._folder.published(state):
                self._folder.write(state)

    def _keep_lock(self) -> None:
        try:
            self._lock = self._folder.held(self._lock, self._state.supervisor)
        except Superseded:
            self._say("another supervisor holds the lock: this one stops")
            self._state = replace(self._state, phase="stopping")

    def _say(self, line: str) -> None:
        """Append *line* to the supervisor's own log, with the lines that a full disk refused."""
        self._unsaid.append(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")
        with suppress(OSError):
            file = self._folder.log("supervisor")
            log = private.opened(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            try:
                os.write(log, "".join(self._unsaid).encode(errors="backslashreplace"))
                self._unsaid.clear()
            finally:
                os.close(log)


def last_words(folder: Folder, status: Status) -> str:
    """Return why a role is dead or late, with the last lines of its log."""
    name = status.role.name
    lines = [f"  {line}" for line in folder.last_lines(name, _LAST_LINES)]
    where = f" {folder.log(name)} ends with:" if lines else ""
    return "\n".join((f"{name} {status.detail}.{where}", *lines))


def _ending(returncode: int) -> str:
    if returncode >= 0:
        return f"exited with status {returncode}"
    try:
        return f"was ended by {signal.Signals(-returncode).name}"
    except ValueError:  # a real-time signal has no name
        return f"was ended by signal {-returncode}"


def main() -> int:
    """Keep the stack of the directory that the arguments name, detached from the command."""
    if os.fork():
        return 0
    request = sys.stdin.read()
    Supervisor(Folder(Path(sys.argv[1])), int(sys.argv[2])).run(request)
    return 0


if __name__ == "__main__":
    sys.exit(main())
