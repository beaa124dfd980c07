from pathlib import Path

import pytest

from sightline.errors import ConfigurationError
from sightline.local.folder import Folder
from sightline.local.process import Identity
from sightline.local.state import Request, Role, State, Status

ROLE = Role(
    name="users",
    provider="demo service",
    command=("python", "-m", "demo_services.users"),
    environ={"PORT": "8002"},
    folder="/",
    url="http://localhost:8002",
    health="http://127.0.0.1:8002/readyz",
    ports=(("USERS_PORT", 8002),),
    needs=("jaeger",),
)
STATE = State(
    supervisor=Identity(17, "4711"),
    request=3,
    phase="running",
    roles={"users": Status(role=ROLE, condition="dead", process=Identity(18, "4712"), detail="?")},
)
REQUEST = Request(number=4, roles=(ROLE,), healthy_within_seconds=60, stop_within_seconds=30)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "state")
    folder.make()
    return folder


def test_the_state_is_read_as_it_was_written(folder: Folder) -> None:
    folder.write(STATE)

    assert folder.read() == STATE


def test_a_request_is_taken_once(folder: Folder) -> None:
    folder.ask(REQUEST)

    assert [folder.take(), folder.take()] == [REQUEST, None]


def test_only_this_user_may_read_it(folder: Folder) -> None:
    folder.ask(REQUEST)

    modes = [
        place.stat().st_mode & 0o077 for place in (folder.path, folder.run, *folder.run.iterdir())
    ]

    assert modes == [0, 0, 0]


def test_nobody_supervises_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert not Folder(tmp_path / "nowhere").supervised


def test_the_lock_tells_whether_a_supervisor_lives(folder: Folder) -> None:
    with folder.supervising():
        assert folder.supervised

    assert not folder.supervised


def test_the_state_of_another_version_is_named(folder: Folder) -> None:
    (folder.run / "state.json").write_text('{"supervisor": {"pid": 1, "born": ""}, "roles": {}}')

    with pytest.raises(ConfigurationError, match=r"state.json is of another version"):
        folder.read()


def test_a_folder_that_cannot_be_made_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigurationError, match=r"Not a directory; set SIGHTLINE_STATE"):
        Folder(tmp_path / "file" / "state").make()


def test_the_last_lines_of_a_long_log_are_read(folder: Folder) -> None:
    folder.log("users").write_text("\n".join(f"line {number}" for number in range(10_000)))

    assert folder.last_lines("users", 2) == ["line 9998", "line 9999"]
