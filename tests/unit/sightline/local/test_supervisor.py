"""Events that a supervisor survives, with everything that it keeps."""

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
from sightline.local.state import Role
from tests.unit.sightline.local.throwaway import SERVER, Silent, role
from tests.waiting import until

TALKS = SERVER.replace("self.send_response", "print(self.path, flush=True); self.send_response")


def says(talking: Role, line: str) -> None:
    """Let a role of `TALKS` write *line* to its output."""
    connection = HTTPConnection("127.0.0.1", talking.ports[0][1], timeout=10)
    connection.request("GET", line)
    connection.getresponse().read()
    connection.close()


def processes(stack: Stack) -> list[process.Identity]:
    state = stack.folder.read()
    assert state
    return [state.supervisor, *(status.process for status in state.roles.values())]


def burst(pid: int, number: signal.Signals) -> None:
    for _ in range(500):
        os.kill(pid, number)


def garble(file: Path) -> None:
    file.write_bytes(b"\xff garbage")


def block(file: Path) -> None:
    file.unlink()
    (file / "within").mkdir(parents=True)


DAMAGES: dict[str, Callable[[Folder], None]] = {
    "log removed": lambda folder: folder.log("a").unlink(),
    "all logs removed": lambda folder: shutil.rmtree(folder.logs),
    "log blocked": lambda folder: block(folder.log("a")),
    "state removed": lambda folder: folder.state_file.unlink(),
    "state garbled": lambda folder: garble(folder.state_file),
    "lock removed": lambda folder: (folder.run / "supervisor.lock").unlink(),
    "socket removed": lambda folder: (folder.run / "supervisor.sock").unlink(),
    "run directory removed": lambda folder: shutil.rmtree(folder.run),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_to_its_files_ends_neither_it_nor_a_role(
    stack: Stack, damage: Callable[[Folder], None]
) -> None:
    stack.up([role("a"), role("b")], Silent())
    before = processes(stack)

    damage(stack.folder)

    assert stack.up([], Silent()) == []
    assert stack.look().health == {"a": "healthy", "b": "healthy"}
    assert all(map(process.alive, before))


def test_a_removed_log_appears_again_with_every_line(stack: Stack) -> None:
    talking = role("a", TALKS)
    stack.up([talking], Silent())
    says(talking, "/before")

    stack.folder.log("a").unlink()
    says(talking, "/after")

    log = until(lambda: stack.folder.log("a").read_text(), within_seconds=30)
    assert log.index("/before") < log.index("/after")


def test_lines_that_come_after_a_log_was_restored_reach_it(stack: Stack) -> None:
    talking = role("a", TALKS)
    stack.up([talking], Silent())
    stack.folder.log("a").unlink()
    until(lambda: stack.folder.log("a").exists(), within_seconds=30)

    says(talking, "/later")

    assert until(lambda: "/later" in stack.folder.log("a").read_text(), within_seconds=30)


def test_a_full_disk_ends_no_role_and_is_named_until_there_is_space(stack: Stack) -> None:
    stack.up([role("a"), role("b")], Silent())
    supervisor, doomed, _ = processes(stack)
    limit = resource.prlimit(supervisor.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(supervisor.pid, resource.RLIMIT_FSIZE, (0, limit[1]))

    os.kill(doomed.pid, signal.SIGKILL)
    until(lambda: "state.json" in stack.look().troubles, within_seconds=30)
    seen = stack.look()
    resource.prlimit(supervisor.pid, resource.RLIMIT_FSIZE, limit)

    assert seen.statuses["a"].condition == "dead"
    assert seen.health == {"a": "silent", "b": "healthy"}
    assert str(stack.folder.state_file) in seen.troubles["state.json"]
    assert until(lambda: not stack.look().troubles, within_seconds=30)


def test_a_burst_of_signals_ends_nothing(stack: Stack) -> None:
    stack.up([role("a")], Silent())
    before = processes(stack)

    burst(before[0].pid, signal.SIGHUP)

    assert stack.up([role("b")], Silent()) == ["b"]
    assert all(map(process.alive, before))


@pytest.mark.parametrize("message", ["garbage", "[]", '{"number": 2}', "{" * 100_000], ids=len)
def test_a_request_that_it_cannot_read_is_refused(stack: Stack, message: str) -> None:
    stack.up([role("a")], Silent())

    answer = channel.ask(stack.folder.run, message)

    assert answer
    assert answer.startswith('{"refused": ')
    assert stack.look().well


def test_a_role_that_cannot_be_started_ends_no_other(stack: Stack) -> None:
    stack.up([role("a")], Silent())

    with pytest.raises(RoleFailed, match=r"b does not start: embedded null byte"):
        stack.up([replace(role("b"), command=("\0",))], Silent())

    assert stack.look().health == {"a": "healthy", "b": "silent"}


def test_without_supervisor_and_state_the_roles_that_run_are_named(stack: Stack) -> None:
    stack.up([role("a")], Silent())
    supervisor, left = processes(stack)
    os.kill(supervisor.pid, signal.SIGKILL)
    until(lambda: not stack.folder.supervised, within_seconds=30)
    garble(stack.folder.state_file)

    with pytest.raises(ConfigurationError, match=rf"still running: a \(pid {left.pid}\)"):
        stack.look()

    assert stack.down() == ["a"]
    assert not process.alive(left)


def test_without_supervisor_and_state_the_next_up_takes_over(stack: Stack) -> None:
    roles = [role("a")]
    stack.up(roles, Silent())
    supervisor, left = processes(stack)
    os.kill(supervisor.pid, signal.SIGKILL)
    until(lambda: not stack.folder.supervised, within_seconds=30)
    garble(stack.folder.state_file)

    assert stack.up(roles, Silent()) == ["a"]
    assert not process.alive(left)
    assert stack.look().well
