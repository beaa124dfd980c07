import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.local import process
from tests.waiting import until

STUBBORN = (
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
)
IDLE = "import time; print(flush=True); time.sleep(60)"
HEADLESS = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=[60]).start()
print(flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""
"""Its first thread ends and is a zombie, as that of a killed program for some milliseconds."""


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


def test_a_reused_pid_is_not_stopped(idle: subprocess.Popen[bytes]) -> None:
    reused = process.Identity(idle.pid, 1.0)

    process.stop([reused], within_seconds=0.2)

    assert not process.alive(reused)
    assert idle.poll() is None


def test_sigterm_stops_a_process(idle: subprocess.Popen[bytes]) -> None:
    process.stop([process.identify(idle.pid)], within_seconds=30)

    assert idle.wait() == -signal.SIGTERM


def test_a_stopped_process_handles_sigterm(idle: subprocess.Popen[bytes]) -> None:
    os.kill(idle.pid, signal.SIGSTOP)

    process.stop([process.identify(idle.pid)], within_seconds=30)

    assert idle.wait() == -signal.SIGTERM


def test_a_process_that_ignores_sigterm_is_killed(stubborn: subprocess.Popen[bytes]) -> None:
    process.stop([process.identify(stubborn.pid)], within_seconds=0.2)

    assert stubborn.wait() == -signal.SIGKILL


def test_a_command_line_is_returned(idle: subprocess.Popen[bytes]) -> None:
    assert process.command_line(idle.pid).endswith(IDLE)


def test_a_missing_process_has_no_command_line() -> None:
    assert process.command_line(2**30) == ""


def test_a_process_whose_first_thread_has_ended_is_alive_while_another_holds_its_port() -> None:
    with started(HEADLESS) as child:
        headless = process.identify(child.pid)
        stat = Path(f"/proc/{child.pid}/stat")
        until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "Z", within_seconds=30)

        assert process.alive(headless)

        child.kill()
        assert process.until(lambda: not process.alive(headless), within_seconds=30)
