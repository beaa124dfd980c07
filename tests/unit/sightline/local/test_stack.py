"""Stack of small programs as roles."""

import os
import shutil
import signal
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from sightline.errors import PortTaken, RoleFailed
from sightline.invocation import command
from sightline.local import process
from sightline.local.stack import Stack
from tests.unit.sightline.local.throwaway import FAILS, SERVER, Silent, role
from tests.waiting import until


def condition(stack: Stack, name: str) -> str:
    state = stack.folder.read()
    return state.roles[name].condition if state else ""


def identity(stack: Stack, name: str) -> process.Identity:
    state = stack.folder.read()
    assert state
    return state.roles[name].process


def supervisor(stack: Stack) -> process.Identity:
    state = stack.folder.read()
    assert state
    return state.supervisor


def test_up_returns_when_every_role_is_healthy(stack: Stack) -> None:
    progress = Silent()

    started = stack.up([role("a"), role("b")], progress)

    assert started == ["a", "b"]
    assert sorted(progress.reported) == ["a", "b"]
    assert stack.status().healthy


def test_a_second_up_changes_nothing(stack: Stack) -> None:
    roles = [role("a")]
    stack.up(roles, Silent())
    before = identity(stack, "a")

    assert stack.up(roles, Silent()) == []
    assert identity(stack, "a") == before


def test_up_adds_roles_to_a_running_stack(stack: Stack) -> None:
    stack.up([role("a")], Silent())

    assert stack.up([role("b")], Silent()) == ["b"]
    assert sorted(stack.status().statuses) == ["a", "b"]


def test_down_leaves_no_process(stack: Stack) -> None:
    stack.up([role("a"), role("b")], Silent())
    processes = [identity(stack, "a"), identity(stack, "b"), supervisor(stack)]

    assert sorted(stack.down()) == ["a", "b"]
    assert not any(map(process.alive, processes))
    assert stack.status().statuses == {}


def test_down_without_a_stack_does_nothing(stack: Stack) -> None:
    assert stack.down() == []


def test_a_role_that_exits_at_the_start_is_reported_and_the_others_run(stack: Stack) -> None:
    with pytest.raises(RoleFailed) as raised:
        stack.up([role("a"), role("b", FAILS)], Silent())

    assert str(raised.value).startswith("b exited with status 3. ")
    assert "the reason" in str(raised.value)
    assert str(raised.value).endswith(f"The other roles keep running. Then: {command('up b')}")
    assert until(
        lambda: stack.status().health == {"a": "healthy", "b": "silent"}, within_seconds=30
    )


def test_a_role_that_is_late_keeps_running_and_may_become_healthy(stack: Stack) -> None:
    hurried = replace(stack, healthy_within_seconds=0.2)
    slow = "import time; time.sleep(1)\n" + SERVER

    with pytest.raises(RoleFailed, match=r"was not healthy within 0.2 s"):
        hurried.up([role("a", slow)], Silent())

    assert until(lambda: condition(stack, "a") == "healthy", within_seconds=30)


def test_a_missing_command_is_reported(stack: Stack) -> None:
    missing = replace(role("a"), command=("/nowhere/program",))

    with pytest.raises(RoleFailed, match=r"a failed to start: .*'/nowhere/program'"):
        stack.up([missing], Silent())


def test_a_role_that_is_never_healthy_is_reported_with_the_timeout(stack: Stack) -> None:
    hurried = replace(stack, healthy_within_seconds=0.5)

    with pytest.raises(RoleFailed, match=r"a was not healthy within 0.5 s: http://127.0.0.1"):
        hurried.up([role("a", "import time; time.sleep(60)")], Silent())


def test_a_role_that_exits_is_dead_and_the_others_keep_running(stack: Stack) -> None:
    stack.up([role("a"), role("b")], Silent())

    os.kill(identity(stack, "a").pid, signal.SIGKILL)
    until(lambda: condition(stack, "a") == "dead", within_seconds=30)

    look = stack.status()
    assert look.statuses["a"].detail == "was killed by SIGKILL"
    assert look.health == {"a": "silent", "b": "healthy"}


def test_up_restarts_a_dead_role(stack: Stack) -> None:
    roles = [role("a"), role("b")]
    stack.up(roles, Silent())
    os.kill(identity(stack, "a").pid, signal.SIGKILL)
    until(lambda: condition(stack, "a") == "dead", within_seconds=30)

    assert stack.up(roles, Silent()) == ["a"]
    assert stack.status().healthy


def test_up_restarts_a_stopped_role(stack: Stack) -> None:
    roles = [role("a")]
    stack.up(roles, Silent())
    frozen = identity(stack, "a")
    os.kill(frozen.pid, signal.SIGSTOP)

    assert stack.up(roles, Silent()) == ["a"]
    assert not process.alive(frozen)
    assert stack.status().healthy


def test_up_does_not_restart_an_unready_role(stack: Stack) -> None:
    unready = SERVER.replace("200", "200 if self.path == '/healthz' else 503")
    roles = [role("a", unready)]
    stack.up(roles, Silent())
    before = identity(stack, "a")
    waits = [replace(roles[0], health=f"{roles[0].url}/readyz")]

    assert stack.up(waits, Silent()) == []
    assert identity(stack, "a") == before


def test_up_reports_a_role_that_fails_to_restart(stack: Stack) -> None:
    stack.up([role("a")], Silent())

    with pytest.raises(RoleFailed, match="b exited with status 3"):
        stack.up([role("b", FAILS)], Silent())

    assert stack.status().health == {"a": "healthy", "b": "silent"}


def test_up_restarts_the_roles_of_a_killed_supervisor(stack: Stack) -> None:
    roles = [role("a"), role("b")]
    stack.up(roles, Silent())
    left = identity(stack, "a")
    os.kill(supervisor(stack).pid, signal.SIGKILL)
    until(lambda: not stack.folder.supervised, within_seconds=30)

    assert stack.up(roles, Silent()) == ["a", "b"]
    assert not process.alive(left)


def test_down_stops_the_roles_of_a_killed_supervisor(stack: Stack) -> None:
    stack.up([role("a")], Silent())
    left = identity(stack, "a")
    os.kill(supervisor(stack).pid, signal.SIGKILL)
    until(lambda: not stack.folder.supervised, within_seconds=30)

    assert stack.down() == ["a"]
    assert not process.alive(left)


def test_a_log_is_rotated_at_its_limit(stack: Stack) -> None:
    talks = "print('x' * (17 << 20), flush=True)\n"
    stack.up([role("a", talks + SERVER)], Silent())
    log = stack.folder.log("a")

    os.kill(supervisor(stack).pid, signal.SIGHUP)

    assert process.until(lambda: log.stat().st_size == 0, within_seconds=30)
    assert log.with_suffix(".log.1").stat().st_size > 16 << 20


def test_a_stack_without_its_directory_stops(stack: Stack) -> None:
    stack.up([role("a")], Silent())
    processes = [identity(stack, "a"), supervisor(stack)]

    shutil.rmtree(stack.folder.path)
    os.kill(processes[1].pid, signal.SIGHUP)

    assert process.until(lambda: not any(map(process.alive, processes)), within_seconds=30)


def test_a_port_in_use_prevents_the_start(stack: Stack) -> None:
    holder = role("a")
    stack.up([holder], Silent())

    with pytest.raises(PortTaken, match="B_PORT"):
        stack.up([replace(role("b"), ports=(("B_PORT", holder.ports[0][1]),))], Silent())

    assert sorted(stack.status().statuses) == ["a"]


def test_another_program_on_a_dead_roles_port_is_reported(stack: Stack) -> None:
    roles = [role("a"), role("b")]
    stack.up(roles, Silent())
    os.kill(identity(stack, "a").pid, signal.SIGKILL)
    until(lambda: condition(stack, "a") == "dead", within_seconds=30)

    with socket.create_server(("127.0.0.1", roles[0].ports[0][1])):
        assert stack.status().health == {"a": "silent", "b": "healthy"}
        with pytest.raises(PortTaken, match=f"held by pid {os.getpid()}"):
            stack.up(roles, Silent())


def test_a_role_stops_before_the_roles_it_calls(stack: Stack, tmp_path: Path) -> None:
    order = tmp_path / "order"
    says = f"""
import signal, sys
def stop(*_):
    open({str(order)!r}, "a").write(sys.argv[1] + "\\n"); sys.exit()
signal.signal(signal.SIGTERM, stop)
"""
    first, last = role("first", says + SERVER, needs=("last",)), role("last", says + SERVER)
    stack.up([last, first], Silent())

    stack.down()

    assert order.read_text().split() == [str(first.ports[0][1]), str(last.ports[0][1])]


def test_no_secret_of_the_environment_is_stored(stack: Stack) -> None:
    stack.up([replace(role("a"), environ={**os.environ, "TOKEN": "hush"})], Silent())

    files = filter(Path.is_file, stack.folder.path.rglob("*"))
    kept = [file.read_text(errors="replace") for file in files]

    assert not any("hush" in text for text in kept)
