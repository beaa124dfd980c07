"""Damaged or hostile state directories, and failures of a running stack."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sightline.invocation import command
from sightline.local import process
from tests.stacks import LocalStack, running
from tests.waiting import until

MakeStack = Callable[..., LocalStack]

UP = ("up", "--local", "users")
COMMANDS = [UP, ("status",), ("down",)]
DATABASE = Path("data") / "services" / "orders.db"


def blocked(state: Path) -> None:
    """Prepare a directory in which no file of the command can be written."""
    names = ("up.lock", "supervisor.lock", "state.json")
    for name in names:
        (state / "run" / name / "within").mkdir(parents=True)


def open_to_all(state: Path) -> None:
    state.mkdir()
    state.chmod(0o777)


def garbled(state: Path) -> None:
    (state / "run").mkdir(parents=True)
    (state / "run" / "state.json").write_bytes(b"\xff\xfe garbage")


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize("prepare", [blocked, open_to_all])
def test_an_unusable_state_directory_is_reported_in_one_line(
    beside: MakeStack, prepare: Callable[[Path], None], words: tuple[str, ...]
) -> None:
    stack = beside()
    prepare(stack.config.state)

    done = stack.sightline(*words)

    (sentence,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert sentence.startswith(f"sightline: {stack.config.state}")


def test_status_reports_a_damaged_state_and_down_removes_it(beside: MakeStack) -> None:
    stack = beside()
    garbled(stack.config.state)

    status, down = stack.sightline("status"), stack.sightline("down")

    (sentence,) = status.stderr.splitlines()
    assert f"{stack.folder.state_file} is damaged or from another version" in sentence
    assert (status.returncode, down.returncode) == (1, 0)
    assert stack.folder.read() is None


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    state = tmp_path_factory.mktemp("survival")
    with running(state, "users", WORD_OF_MINE="hunter2") as stack:
        yield stack


def test_no_file_of_the_state_directory_contains_the_environment(shop: LocalStack) -> None:
    files = [place for place in shop.config.state.rglob("*") if place.is_file()]

    assert files
    assert not any(b"hunter2" in file.read_bytes() for file in files)


def test_a_service_without_its_database_is_reported_and_others_keep_running(
    shop: LocalStack,
) -> None:
    file = shop.config.state / DATABASE
    file.write_bytes(b"\xff\xfe no database" * 100)

    started = shop.sightline("up", "--local", "orders")
    status = shop.sightline("status")

    assert started.returncode == 1
    assert f"database '{file}': file is not a database; move the file away" in started.stderr
    assert "Traceback" not in started.stderr
    assert process.alive(shop.process("users"))
    assert "dead: exited with status 1" in status.stdout
    assert f"{command('up orders')} restarts dead roles" in status.stdout


def test_a_damaged_state_of_a_running_stack_is_rewritten(shop: LocalStack) -> None:
    before = shop.process("users")

    shop.folder.state_file.write_bytes(b"\xff\xfe garbage")

    assert "users" in shop.sightline("status").stdout
    assert until(lambda: b"garbage" not in shop.folder.state_file.read_bytes(), within_seconds=30)
    assert shop.process("users") == before
