"""The commands of the README on bare systems, typed by a user without root.

Ubuntu 24.04's archive and images are out of reach here: its Python 3.12 runs on Debian 12.
"""

import re
from collections.abc import Iterator

import pytest

from tests.bare.machine import INSTALL, Machine, System, running
from tests.docker import engine
from tests.docker.engine import CommandError

DEBIAN_12 = System(name="debian-12", suite="bookworm")
DEBIAN_13 = System(name="debian-13", suite="trixie")
PYTHON_3_12 = System(name="python-3.12-on-debian-12", suite="bookworm", python="3.12")

AGAIN = ".venv/bin/pytest --last-failed --last-failed-no-failures none"
"""The failed tests, once more: a deadline missed on busy cores is met alone."""

PROCESSES = "tests/integration tests/system"
"""CI runs the unit tests on every Python of its machine, and contract tests compare files."""

pytestmark = pytest.mark.timeout(3000)


@pytest.fixture(scope="session", autouse=True)
def daemon() -> Iterator[None]:
    with engine.daemon():
        yield


@pytest.fixture(scope="module")
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    with running(request.param) as machine:
        yield machine


def on(*systems: System) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("machine", systems, indirect=True, ids=str)


@on(DEBIAN_12, DEBIAN_13)
def test_what_the_machine_lacks_is_named_with_its_package(machine: Machine) -> None:
    with pytest.raises(CommandError, match="apt install python3-venv"):
        machine.user("make up")


@on(DEBIAN_12, DEBIAN_13, PYTHON_3_12)
def test_the_stack_runs_without_root(machine: Machine) -> None:
    machine.root(f"{INSTALL} python3-venv")

    up = machine.user("make up")
    status = machine.user("make status")
    traced = machine.user(".venv/bin/python -m tests.bare.trace")
    alerts = machine.user(".venv/bin/sightline amtool alert query")
    down = machine.user("make down")

    assert "prometheus is healthy: prometheus " in up
    assert "open http://localhost:3000" in up
    assert status.count("healthy") == 9
    assert traced == "gateway orders users\n"
    assert "Alertname" in alerts
    assert "stopped prometheus" in down


@on(DEBIAN_12)
def test_what_the_tests_lack_is_named_with_its_package(machine: Machine) -> None:
    with pytest.raises(CommandError, match="apt install curl"):
        machine.user("make test")


@on(DEBIAN_12)
def test_the_tests_pass(machine: Machine, pytestconfig: pytest.Config) -> None:
    machine.root(f"{INSTALL} curl")

    tested = output(machine, "make test", pytestconfig)

    assert re.search(r"=+ \d+ passed.* =+\n$", tested)


@on(DEBIAN_13, PYTHON_3_12)
def test_the_tests_with_processes_pass(machine: Machine, pytestconfig: pytest.Config) -> None:
    machine.root(f"{INSTALL} curl")

    tested = output(machine, f"make test TESTS='{PROCESSES}'", pytestconfig)

    assert re.search(r"=+ \d+ passed.* =+\n$", tested)


def output(machine: Machine, command: str, config: pytest.Config) -> str:
    """Return the output of the tests that *command* runs, or of those that failed, run again."""
    try:
        return machine.user(command)
    except CommandError as error:
        config.get_terminal_writer().write(f"\n{error}\n")
        return machine.user(AGAIN)
