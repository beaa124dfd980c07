import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from sightline.local import process

STUBBORN = (
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
)
IDLE = "import time; print(flush=True); time.sleep(60)"


def started(program: str) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True
    )
    assert child.stdout
    child.stdout.readline()
    return child


@pytest.fixture
def idle() -> Iterator[subprocess.Popen[bytes]]:
    with started(IDLE) as child:
        yield child
        child.kill()


@pytest.fixture
def stubborn() -> Iterator[subprocess.Popen[bytes]]:
    with started(STUBBORN) as child:
        yield child
        child.kill()


def test_a_running_process_is_alive(idle: subprocess.Popen[bytes]) -> None:
    assert process.alive(process.identify(idle.pid))


def test_a_zombie_is_not_alive(idle: subprocess.Popen[bytes]) -> None:
    identity = process.identify(idle.pid)

    idle.kill()

    assert process.until(lambda: not process.alive(identity), within_seconds=30)


def test_a_pid_with_another_birth_is_a_stranger(idle: subprocess.Popen[bytes]) -> None:
    stranger = process.Identity(idle.pid, "long ago")

    process.stop([stranger], within_seconds=0.2)

    assert not process.alive(stranger)
    assert idle.poll() is None


def test_a_polite_stop_is_enough_for_most(idle: subprocess.Popen[bytes]) -> None:
    process.stop([process.identify(idle.pid)], within_seconds=30)

    assert idle.wait() == -signal.SIGTERM


def test_a_frozen_process_is_woken_to_be_told(idle: subprocess.Popen[bytes]) -> None:
    os.kill(idle.pid, signal.SIGSTOP)

    process.stop([process.identify(idle.pid)], within_seconds=30)

    assert idle.wait() == -signal.SIGTERM


def test_who_does_not_listen_is_killed(stubborn: subprocess.Popen[bytes]) -> None:
    process.stop([process.identify(stubborn.pid)], within_seconds=0.2)

    assert stubborn.wait() == -signal.SIGKILL


def test_a_command_line_is_shown(idle: subprocess.Popen[bytes]) -> None:
    assert process.command_of(idle.pid).endswith(IDLE)


def test_nobody_has_no_command_line() -> None:
    assert process.command_of(2**30) == ""
