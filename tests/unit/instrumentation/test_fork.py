"""A forked child has free locks, completes imports in progress, and opens its own connections."""

import subprocess
import sys
import threading
from itertools import count
from pathlib import Path

import pytest

from instrumentation._support.fork import ProcessLocal, new_lock, register_after_fork
from tests.forks import said_in_child

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.filterwarnings("ignore:This process .* multi-threaded:DeprecationWarning")


def hold_in_thread(lock: "threading.RLock", over: threading.Event) -> threading.Thread:
    """Return a thread that holds *lock* until *over* is set."""
    held = threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    return thread


def test_a_lock_that_another_thread_held_is_free_in_the_child() -> None:
    lock, over = new_lock(), threading.Event()
    thread = hold_in_thread(lock, over)

    taken = said_in_child(lambda: lock.acquire(timeout=1))

    over.set()
    thread.join()
    assert taken == "True"


def test_a_lock_that_the_forking_thread_held_is_still_its_own() -> None:
    lock = new_lock()

    with lock:
        released = said_in_child(lock.release)

    assert released == "None"


class Recorder:
    """Object that records its name in every child."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self._name, self._notes = name, notes
        register_after_fork(self.note)

    def note(self) -> None:
        self._notes.append(self._name)


def test_actions_run_in_the_order_of_their_registration() -> None:
    notes: list[str] = []
    several = [Recorder(name, notes) for name in ("resource", "exporter", "sampler")]

    assert said_in_child(lambda: notes) == "['resource', 'exporter', 'sampler']"
    assert len(several) == 3


def test_a_deleted_object_is_not_called() -> None:
    notes: list[str] = []
    Recorder("deleted", notes)

    assert said_in_child(lambda: notes) == "[]"


def test_a_child_opens_one_connection_and_its_parent_keeps_the_first() -> None:
    connection = ProcessLocal(count().__next__)

    assert said_in_child(lambda: (connection.get(), connection.get())) == "(1, 1)"
    assert connection.get() == 0


IMPORTED_IN_A_THREAD = """
import os, pathlib, sys, threading
sys.path.insert(0, sys.argv[1])
import instrumentation._support.fork
pathlib.Path(sys.argv[1], "slow.py").write_text(
    "import threading\\nthreading.begun.set()\\nthreading.over.wait(threading.seconds)\\n"
)
threading.begun, threading.over, threading.seconds = threading.Event(), threading.Event(), 20
thread = threading.Thread(target=__import__, args=("slow",))
thread.start()
threading.begun.wait()
child = os.fork()
if not child:
    threading.begun, threading.over, threading.seconds = threading.Event(), threading.Event(), 0
    import slow
    os._exit(7)
_, status = os.waitpid(child, 0)
threading.over.set()
sys.exit(os.waitstatus_to_exitcode(status))
"""


def test_a_child_completes_an_import_of_another_thread_of_its_parent(tmp_path: Path) -> None:
    command = [sys.executable, "-c", IMPORTED_IN_A_THREAD, str(tmp_path)]

    ended = subprocess.run(command, cwd=ROOT, timeout=15, check=False)

    assert ended.returncode == 7


@pytest.mark.parametrize("failing", [LookupError, SystemExit])
def test_a_failing_action_does_not_prevent_the_others(
    failing: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(Recorder):
        def note(self) -> None:
            raise failing

    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    notes: list[str] = []
    several = [Failing("broken", notes), Recorder("next", notes)]

    assert said_in_child(lambda: notes) == "['next']"
    assert len(several) == 2
