"""Supervisor of the roles: `python -m sightline.local.supervisor STATE_DIRECTORY LOCK`.

It starts the roles of a `Request`, monitors them, publishes the `State`, and stops every role at
SIGTERM or SIGINT. The first request arrives on standard input, later ones over the socket. Threads
only monitor; the main thread processes one event at a time.

No error ends the process: errors are logged, listed in the state with the next step, and retried
where a retry can help.
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
from sightline.local.problems import Problems
from sightline.local.state import UNREADABLE, Condition, Request, Role, State, Status

_PROBE_EVERY_SECONDS: Final = 0.1
_PROBE_LATE_EVERY_SECONDS: Final = 0.5
_MAINTAIN_EVERY_SECONDS: Final = 1.0
_LAST_LINES: Final = 12
_MAX_PENDING_LINES: Final = 100
_REAP_TIMEOUT_SECONDS: Final = 1.0

Event = Callable[[], None]


class Supervisor:
    """Supervisor of the roles of one stack.

    Args:
        lock: Descriptor of the lock of *folder*, which this process holds.
    """

    def __init__(self, folder: Folder, lock: int) -> None:
        self._folder = folder
        self._lock = lock
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: dict[str, Log] = {}
        self._stop_within_seconds = 0.0
        self._pending_lines: deque[str] = deque(maxlen=_MAX_PENDING_LINES)
        self._problems = Problems(self._log_line)
        self._state = State(supervisor=process.identify(os.getpid()), request=0, phase="starting")
        self._maintain_at = time.monotonic() + _MAINTAIN_EVERY_SECONDS

    def run(self, request: str) -> None:
        """Start *request* and supervise its roles until a stop signal."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._events.put(self._stop))
        signal.signal(signal.SIGHUP, lambda *_: self._events.put(self._maintain))
        with self._attempt("supervisor.lock"):
            self._folder.write_identity(self._lock, self._state.supervisor)
        self._start_thread(Listener(self._folder.run, self._answer, self._problems).serve)
        self._events.put(lambda: self._apply(Request.from_json(request)))
        while self._state.phase != "stopping":
            event = self._next_event()
            with self._attempt("supervisor", "see log/supervisor.log"):
                event()
        self._stop_roles(list(self._processes))

    def _attempt(
        self, subject: str, next_step: str = "free disk space"
    ) -> AbstractContextManager[None]:
        return self._problems.attempt(subject, next_step)

    def _next_event(self) -> Event:
        try:
            return self._events.get(timeout=max(0.0, self._maintain_at - time.monotonic()))
        except Empty:
            self._maintain_at = time.monotonic() + _MAINTAIN_EVERY_SECONDS
            return self._maintain

    def _answer(self, message: str) -> str:
        """Accept the request in *message*, if any, and return the state."""
        if message:
            try:
                request = Request.from_json(message)
            except UNREADABLE as error:
                return json.dumps({"refused": f"{type(error).__name__}: {error}"})
            self._events.put(partial(self._apply, request))
        return self._current_state().to_json()

    def _apply(self, request: Request) -> None:
        """Start the roles of *request*; restart those that run."""
        self._stop_within_seconds = request.stop_within_seconds
        named = {role.name for role in request.roles}
        self._stop_roles([*named])
        # With the new request number, no client may read the old condition of its roles.
        known = {
            name: replace(status, condition="starting") if name in named else status
            for name, status in self._state.roles.items()
        }
        self._publish(request=request.number, roles=known)
        for role in request.roles:
            self._start(role, request)

    def _start(self, role: Role, request: Request) -> None:
        try:
            child = self._spawn(role)
        except Exception as error:  # noqa: BLE001  the other roles must start anyway
            self._set_condition(role, "dead", detail=f"failed to start: {error}")
            return
        self._processes[role.name] = child
        self._set_condition(role, "starting", identity=process.identify(child.pid))
        self._start_thread(partial(self._wait_for_exit, role, child))
        self._start_thread(
            partial(self._wait_for_health, role, child, request.healthy_within_seconds)
        )

    def _spawn(self, role: Role) -> subprocess.Popen[bytes]:
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

    def _start_thread(self, watcher: Callable[[], None]) -> None:
        def guarded() -> None:
            with self._attempt(f"watcher {threading.current_thread().name}", "see its traceback"):
                watcher()

        threading.Thread(target=guarded, daemon=True).start()

    def _wait_for_exit(self, role: Role, child: subprocess.Popen[bytes]) -> None:
        child.wait()
        self._events.put(partial(self._on_exit, role, child))

    def _wait_for_health(self, role: Role, child: subprocess.Popen[bytes], within: float) -> None:
        began, late = time.monotonic(), False
        while child.returncode is None:
            if probe(role.health) == "healthy":
                self._events.put(partial(self._on_healthy, role, child, time.monotonic() - began))
                return
            if not late and time.monotonic() - began > within:
                late = True
                self._events.put(partial(self._on_late, role, child, within))
            time.sleep(_PROBE_LATE_EVERY_SECONDS if late else _PROBE_EVERY_SECONDS)

    def _on_healthy(self, role: Role, child: subprocess.Popen[bytes], after: float) -> None:
        if self._is_current(role, child):
            self._set_condition(role, "healthy", healthy_after_seconds=round(after, 2))
        if all(status.condition == "healthy" for status in self._state.roles.values()):
            self._publish(phase="running")

    def _on_exit(self, role: Role, child: subprocess.Popen[bytes]) -> None:
        if self._is_current(role, child):
            del self._processes[role.name]
            self._close_log(role.name)
            self._set_condition(role, "dead", detail=_exit_reason(child.returncode))

    def _on_late(self, role: Role, child: subprocess.Popen[bytes], within: float) -> None:
        if self._is_current(role, child):
            self._set_condition(
                role, "late", detail=f"was not healthy within {within:g} s: {role.health}"
            )

    def _is_current(self, role: Role, child: subprocess.Popen[bytes]) -> bool:
        """Return true if *child* is the current process of *role*, not a replaced one."""
        return self._processes.get(role.name) is child

    def _stop(self) -> None:
        self._publish(phase="stopping")
        self._stop_roles(list(self._processes))
        with self._attempt("state.json"):
            self._folder.remove_state()

    def _stop_roles(self, names: list[str]) -> None:
        """Stop the roles *names*, callers before called roles."""
        stopping = {name: self._state.roles[name].role for name in names if name in self._processes}
        while stopping:
            needed = {need for role in stopping.values() for need in role.needs}
            wave = [name for name in stopping if name not in needed] or list(stopping)
            children = [self._processes.pop(name) for name in wave]
            with self._attempt("stopping roles", f"{command('down')} retries"):
                process.stop(
                    [self._state.roles[name].process for name in wave],
                    within_seconds=self._stop_within_seconds,
                )
            for name, child in zip(wave, children, strict=True):
                with suppress(subprocess.TimeoutExpired):
                    child.wait(_REAP_TIMEOUT_SECONDS)
                self._close_log(name)
            stopping = {name: role for name, role in stopping.items() if name not in wave}

    def _close_log(self, name: str) -> None:
        with self._attempt(f"log of {name}"):
            self._logs.pop(name).close()

    def _set_condition(
        self,
        role: Role,
        condition: Condition,
        *,
        identity: process.Identity | None = None,
        healthy_after_seconds: float = 0.0,
        detail: str = "",
    ) -> None:
        """Publish the condition of *role* without its environment, which may contain secrets."""
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
        """Change the state and write it; `_maintain` retries a failed write."""
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]  # its own fields
        with self._attempt("state.json"):
            self._folder.write(self._current_state().to_json())

    def _current_state(self) -> State:
        return replace(self._state, problems=self._problems.open)

    def _maintain(self) -> None:
        """Recreate removed or damaged files and limit the size of logs."""
        if not self._folder.path.exists():
            # Without its directory no command can find these processes.
            self._state = replace(self._state, phase="stopping")
            return
        with self._attempt("state directory"):
            self._folder.create()
        with self._attempt("supervisor.lock"):
            self._keep_lock()
        for name, child in list(self._processes.items()):
            with self._attempt(f"log of {name}"):
                self._logs[name].maintain()
            if child.poll() is not None:  # its thread may have failed
                self._on_exit(self._state.roles[name].role, child)
        with self._attempt("state.json"):
            state = self._current_state().to_json()
            if self._state.phase != "stopping" and not self._folder.has_state(state):
                self._folder.write(state)

    def _keep_lock(self) -> None:
        try:
            self._lock = self._folder.keep_lock(self._lock, self._state.supervisor)
        except Superseded:
            self._log_line("another supervisor holds the lock; stopping this one")
            self._state = replace(self._state, phase="stopping")

    def _log_line(self, line: str) -> None:
        """Append *line* and the lines of failed writes to the supervisor's log."""
        self._pending_lines.append(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")
        with suppress(OSError):
            file = self._folder.log("supervisor")
            log = private.open_file(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            try:
                os.write(log, "".join(self._pending_lines).encode(errors="backslashreplace"))
                self._pending_lines.clear()
            finally:
                os.close(log)


def exit_report(folder: Folder, status: Status) -> str:
    """Return the reason of a dead or late role with the last lines of its log."""
    name = status.role.name
    lines = [f"  {line}" for line in folder.last_lines(name, _LAST_LINES)]
    where = f" {folder.log(name)} ends with:" if lines else ""
    return "\n".join((f"{name} {status.detail}.{where}", *lines))


def _exit_reason(returncode: int) -> str:
    if returncode >= 0:
        return f"exited with status {returncode}"
    try:
        return f"was killed by {signal.Signals(-returncode).name}"
    except ValueError:  # a real-time signal has no name
        return f"was killed by signal {-returncode}"


def main() -> int:
    """Fork, and run the supervisor of the directory in the arguments."""
    if os.fork():
        return 0
    request = sys.stdin.read()
    Supervisor(Folder(Path(sys.argv[1])), int(sys.argv[2])).run(request)
    return 0


if __name__ == "__main__":
    sys.exit(main())
