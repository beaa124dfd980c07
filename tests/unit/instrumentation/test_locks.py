"""The library holds no lock while code of the service runs, and no thread deadlocks itself."""

import gc
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry import trace

from instrumentation.testing import Recording
from tests.lock_checker import CheckedLock, Checker, SelfDeadlockError

HERE = Path(__file__).parent
PLAIN_LOCK = re.compile(r"\bLock\(\)")

ACTS = (
    "attributes",
    "collectors",
    "events_links_and_names",
    "exporter_in_the_services_own_pipeline",
    "label_values",
    "log_records",
    "requests",
    "sampling",
    "spans_in_export",
    "stock_exporter",
    "workers",
    "workers_without_a_directory",
)


@pytest.fixture(scope="module")
def report() -> dict[str, list[str]]:
    """Return the violations by action, see `lock_acts.py`."""
    root = HERE.parents[2]
    command = [sys.executable, str(HERE / "lock_acts.py")]
    printed = subprocess.run(
        command, env={"PYTHONPATH": str(root)}, capture_output=True, check=True, timeout=60
    ).stdout
    found: dict[str, list[str]] = json.loads(printed)
    return found


def test_every_act_was_checked(report: dict[str, list[str]]) -> None:
    assert sorted(report) == sorted(ACTS)


@pytest.mark.parametrize("act", ACTS)
def test_no_lock_is_held_while_code_of_the_service_runs(
    act: str, report: dict[str, list[str]]
) -> None:
    assert report[act] == []


def acquire_and_release(lock: CheckedLock) -> Callable[[], None]:
    """Return a function that acquires and releases *lock*."""

    def take() -> None:
        with lock:
            pass

    return take


def test_the_checker_reports_code_that_runs_under_a_lock() -> None:
    checker = Checker()

    with checker.new_lock(threading.RLock(), "a lock"):
        checker.service_code("__str__")

    assert checker.violations == ["__str__ under a lock"]


def test_the_checker_reports_a_finalizer_that_waits_for_its_own_thread() -> None:
    checker = Checker()
    lock = checker.new_lock(threading.Lock(), "a lock")
    checker.interrupt = acquire_and_release(lock)

    with lock:
        pass

    assert set(checker.violations) == {"self-deadlock on a lock"}


def test_the_checker_raises_instead_of_blocking() -> None:
    lock = Checker().new_lock(threading.Lock(), "a lock")

    with lock, pytest.raises(SelfDeadlockError):
        lock.acquire()


def test_the_checker_acquires_a_reentrant_lock_twice() -> None:
    checker = Checker()
    lock = checker.new_lock(threading.RLock(), "a lock")
    checker.interrupt = acquire_and_release(lock)

    with lock:
        pass

    assert checker.violations == []


def test_every_lock_of_the_library_is_reentrant() -> None:
    modules = (HERE.parents[2] / "instrumentation").rglob("*.py")

    plain = [module.name for module in modules if PLAIN_LOCK.search(module.read_text())]

    assert plain == []


class Session:
    """Object in a reference cycle whose finalizer uses the current span."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        trace.get_current_span().set_attribute("unclosed", value=True)
        trace.get_current_span().add_event("unclosed session")


@pytest.fixture
def frequent_collection() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(2)
    yield
    gc.set_threshold(*before)


@pytest.mark.timeout(30)
@pytest.mark.usefixtures("frequent_collection")
def test_a_finalizer_may_use_the_span_that_the_service_is_changing(telemetry: Recording) -> None:
    with telemetry.telemetry.tracer.start_as_current_span("outer") as span:
        for _ in range(500):
            Session()
            span.add_event("sold", {"cart": ["tea", "milk"]})
            span.set_attribute("cart", ["tea", "milk"])

    assert telemetry.spans[0].attributes["unclosed"] is True
