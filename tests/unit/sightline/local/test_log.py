import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.local.log import LIMIT_BYTES, Log


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path / "users.log")
    yield log
    log.close()


def says(log: Log, text: str) -> None:
    """Write as the role does: to the file that it was given, wherever that is by now."""
    os.write(log.descriptor, text.encode())


def test_the_previous_log_becomes_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "users.log").write_text("before")

    Log(tmp_path / "users.log").close()

    assert (tmp_path / "users.log.1").read_text() == "before"


def test_a_removed_log_is_restored_with_all_lines(log: Log, tmp_path: Path) -> None:
    says(log, "one\n")
    (tmp_path / "users.log").unlink()
    says(log, "two\n")

    log.maintain()
    says(log, "three\n")
    log.maintain()

    notice, *lines = (tmp_path / "users.log").read_text().splitlines()
    assert notice.startswith("sightline: this log was removed or moved")
    assert lines == ["one", "two", "three"]


def test_lines_after_a_move_go_to_a_new_log(log: Log, tmp_path: Path) -> None:
    says(log, "one\n")
    log.maintain()
    (tmp_path / "users.log").rename(tmp_path / "moved")
    says(log, "two\n")

    log.maintain()

    assert (tmp_path / "users.log").read_text().splitlines()[1:] == ["two"]


def test_a_log_that_is_removed_twice_is_restored_twice(log: Log, tmp_path: Path) -> None:
    (tmp_path / "users.log").unlink()
    log.maintain()
    (tmp_path / "users.log").unlink()
    says(log, "one\n")

    log.maintain()

    assert (tmp_path / "users.log").read_text().splitlines()[1:] == ["one"]


def test_a_link_at_the_path_of_a_log_is_not_followed(log: Log, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "users.log").unlink()
    (tmp_path / "users.log").symlink_to(tmp_path / "victim")
    says(log, "one\n")

    with pytest.raises(OSError, match="symbolic links"):
        log.maintain()

    assert (tmp_path / "victim").read_text() == "mine"
    (tmp_path / "users.log").unlink()


@pytest.mark.parametrize("lost", ["users.log", "another"], ids=["removed", "in place"])
def test_a_long_log_is_rotated_without_loss(log: Log, tmp_path: Path, lost: str) -> None:
    says(log, "x" * LIMIT_BYTES)
    (tmp_path / lost).unlink(missing_ok=True)
    says(log, "the last\n")

    log.maintain()
    says(log, "the next\n")
    log.maintain()

    assert (tmp_path / "users.log.1").read_text().endswith("xthe last\n")
    assert (tmp_path / "users.log").read_text().splitlines()[-1] == "the next"
    assert os.fstat(log.descriptor).st_size < LIMIT_BYTES
