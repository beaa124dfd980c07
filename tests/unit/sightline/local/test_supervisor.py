"""Events that the supervisor and its roles survive."""

import os
import resource
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest

from sightline.errors import ConfigurationError, RoleFailed
from sightline.local import channel, process
from sightline.local.folder import Folder
from sightline.local.stack import Stack
from tests.unit.sightline.local.throwaway import Silent, role
from tests.waiting import until


def says(stack: Stack, line: str) -> None:
    """Let role a write *line* to its output."""
    port = stack.status().statuses["a"].role.ports[0][1]
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", line)
    connection.getresponse().read()
    connection.close()


def processes(stack: Stack) -> list[process.Identity]:
    state = stack.folder.read()
    assert state
    return [state.supervisor, *(status.process for status in state.roles.values())]


def repaired(stack: Stack) -> bool:
    current = channel.ask(stack.folder.run)
    return bool(current) and stack.folder.has_state(current or "") and not stack.folder.incomplete


def burst(pid: int, number: signal.Signals) -> None:
    for _ in range(500):
        os.kill(pid, number)


def garble(file: Path) -> None:
    file.write_bytes(b"\xff garbage")


DAMAGES: dict[str, Callable[[Folder], None]] = {
    "log removed": lambda folder: folder.log("a").unlink(),
    "all logs removed": lambda folder: shutil.rmtree(folder.logs),
    "state removed": lambda folder: folder.state_file.unlink(),
    "state garbled": lambda folder: garble(folder.state_file),
    "lock removed": lambda folder: (folder.run / "supervisor.lock").unlink(),
    "socket removed": lambda folder: (folder.run / "supervisor.sock").unlink(),
    "run directory removed": lambda folder: shutil.rmtree(folder.run),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_files_end_neither_supervisor_nor_role(
    running: Stack, damage: Callable[[Folder], None]
) -> None:
    before = processes(running)

    damage(running.folder)

    assert running.up([], Silent()) == []
    assert running.status().health == {"a": "healthy", "b": "healthy"}
    assert all(map(process.alive, before))
    assert until(lambda: repaired(running), within_seconds=30)


def test_a_removed_log_is_restored_with_every_line(running: Stack) -> None:
    says(running, "/before")
    until(lambda: "/before" in running.folder.log("a").read_text(), within_seconds=30)

    running.folder.log("a").unlink()
    says(running, "/after")

    log = until(lambda: running.folder.log("a").read_text(), within_seconds=30)
    assert log.index("/before") < log.index("/after")


def test_a_restored_log_receives_new_lines(running: Stack) -> None:
    running.folder.log("a").unlink()
    until(running.folder.log("a").exists, within_seconds=30)

    says(running, "/later")

    assert until(lambda: "/later" in running.folder.log("a").read_text(), within_seconds=30)


def test_a_directory_at_the_path_of_a_log_is_reported(running: Stack) -> None:
    running.folder.log("a").unlink()
    running.folder.log("a").mkdir()

    named = until(lambda: running.status().problems.get("log of a", ""), within_seconds=30)
    running.folder.log("a").rmdir()

    assert str(running.folder.log("a")) in named
    assert until(lambda: running.status().healthy, within_seconds=30)


def test_a_full_disk_is_reported_and_ends_no_role(stack: Stack) -> None:
    stack.up([role("a"), role("b")], Silent())
    supervisor, doomed, _ = processes(stack)
    limit = resource.prlimit(supervisor.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(supervisor.pid, resource.RLIMIT_FSIZE, (0, limit[1]))

    os.kill(doomed.pid, signal.SIGKILL)
    until(lambda: "state.json" in stack.status().problems, within_seconds=30)
    seen = stack.status()
    resource.prlimit(supervisor.pid, resource.RLIMIT_FSIZE, limit)

    assert seen.statuses["a"].condition == "dead"
    assert seen.health == {"a": "silent", "b": "healthy"}
    assert str(stack.folder.state_file) in seen.problems["state.json"]
    assert until(lambda: not stack.status().problems, within_seconds=30)


def test_a_burst_of_signals_ends_no_process(running: Stack) -> None:
    before = processes(running)

    burst(before[0].pid, signal.SIGHUP)

    assert until(lambda: running.status().healthy, within_seconds=30)
    assert all(map(process.alive, before))


@pytest.mark.parametrize("message", ["garbage", "[]", '{"number": 2}', "{" * 100_000], ids=len)
def test_an_unreadable_request_is_refused(running: Stack, message: str) -> None:
    answer = channel.ask(running.folder.run, message)

    assert answer
    assert answer.startswith('{"refused": ')
    assert running.status().healthy


def test_a_role_that_fails_to_start_ends_no_other(stack: Stack) -> None:
    stack.up([role("a")], Silent())

    with pytest.raises(RoleFailed, match=r"b failed to start: embedded null byte"):
        stack.up([replace(role("b"), command=("\0",))], Silent())

    assert stack.status().health == {"a": "healthy", "b": "silent"}


def test_without_supervisor_and_state_running_roles_are_reported(stack: Stack) -> None:
    stack.up([role("a")], Silent())
    supervisor, left = processes(stack)
    os.kill(supervisor.pid, signal.SIGKILL)
    until(lambda: not stack.folder.supervised, within_seconds=30)
    garble(stack.folder.state_file)

    with pytest.raises(ConfigurationError, match=rf"still running: a \(pid {left.pid}\)"):
        stack.status()

    assert stack.down() == ["a"]
    assert not process.alive(left)


def test_without_supervisor_and_state_up_restarts_the_roles(stack: Stack) -> None:
    roles = [role("a")]
    stack.up(roles, Silent())
    supervisor, left = processes(stack)
    os.kill(supervisor.pid, signal.SIGKILL)
    until(lambda: not stack.folder.supervised, within_seconds=30)
    garble(stack.folder.state_file)

    assert stack.up(roles, Silent()) == ["a"]
    assert not process.alive(left)
    assert stack.status().healthy


def test_down_finds_a_supervisor_whose_lock_was_removed(stack: Stack) -> None:
    stack.up([role("a")], Silent())
    before = processes(stack)

    (stack.folder.run / "supervisor.lock").unlink()

    assert stack.down() == ["a"]
    assert not any(map(process.alive, before))
    assert not stack.folder.in_use


def test_a_state_directory_may_be_longer_than_a_socket_path(tmp_path: Path) -> None:
    folder = Folder(tmp_path / ("x" * 150))
    folder.create()
    stack = Stack(folder=folder, healthy_within_seconds=60, stop_within_seconds=30)
    stack.up([role("a")], Silent())

    look = stack.status()
    stack.down()

    assert look.healthy
