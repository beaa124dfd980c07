import fcntl
from pathlib import Path

import pytest

from sightline.errors import ConfigurationError
from sightline.local.folder import Folder
from sightline.local.process import Identity
from sightline.local.state import Role, State, Status

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
    supervisor=Identity(17, 4711.5),
    request=3,
    phase="running",
    roles={"users": Status(role=ROLE, condition="dead", process=Identity(18, 4712.25), detail="?")},
)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "state")
    folder.create()
    return folder


def test_the_state_survives_a_round_trip(folder: Folder) -> None:
    folder.write(STATE.to_json())

    assert folder.read() == STATE


def test_only_this_user_can_read_the_state_directory(folder: Folder) -> None:
    folder.write(STATE.to_json())

    modes = [
        place.stat().st_mode & 0o077 for place in (folder.path, folder.run, *folder.run.iterdir())
    ]

    assert modes == [0, 0, 0]


def test_a_missing_directory_has_no_supervisor(tmp_path: Path) -> None:
    assert not Folder(tmp_path / "nowhere").supervised


def test_the_lock_shows_a_running_supervisor(folder: Folder) -> None:
    with folder.supervisor_lock():
        assert folder.supervised

    assert not folder.supervised


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe garbage",
        b"",
        b"[" * 100_000,
        b'{"supervisor": {"pid": 1, "started_at": 0.5}, "roles": {}}',
        b'{"supervisor": {"pid": "1", "started_at": 0.5}, "request": 1, "phase": "running"}',
        b'{"supervisor": {"pid": 1, "started_at": 0.5}, "roles": []}',
    ],
    ids=["bytes", "empty", "deep", "older", "no pid", "list"],
)
def test_an_unreadable_state_is_reported(folder: Folder, text: bytes) -> None:
    folder.state_file.write_bytes(text)

    with pytest.raises(ConfigurationError, match=r"state.json is damaged or from another version"):
        folder.read()


def test_a_state_file_that_is_a_directory_is_reported(folder: Folder) -> None:
    folder.state_file.mkdir()

    with pytest.raises(ConfigurationError, match=r"state.json is damaged"):
        folder.read()


def test_two_concurrent_commands_do_not_detect_each_other(folder: Folder) -> None:
    with folder.supervisor_lock():
        pass

    with (folder.run / "supervisor.lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert not folder.supervised


@pytest.mark.parametrize("name", ["run", "log", "data"])
def test_a_link_within_the_state_directory_is_refused(folder: Folder, name: str) -> None:
    (folder.path / name).rename(folder.path / "elsewhere")
    (folder.path / name).symlink_to(folder.path / "elsewhere")

    with pytest.raises(ConfigurationError, match=rf"{name} is l.*: expected a directory of user"):
        folder.verify()


def test_escape_sequences_of_a_log_are_escaped(folder: Folder) -> None:
    folder.log("users").write_bytes(b"\x1b[2Jgone\rforged\n\xe2\x80\xaebackwards\tend\n")

    shown = folder.last_lines("users", 5)

    assert shown == [r"\x1b[2Jgone\rforged", r"\u202ebackwards      end"]


def test_the_last_lines_of_a_long_log_are_returned(folder: Folder) -> None:
    folder.log("users").write_text("\n".join(f"line {number}" for number in range(10_000)))

    assert folder.last_lines("users", 2) == ["line 9998", "line 9999"]
