import os
from pathlib import Path

import pytest

from sightline import private
from sightline.errors import ConfigurationError

ROOT_ONLY = pytest.mark.skipif(os.getuid() != 0, reason="only root may give a directory away")
ANOTHER_USER = 1


def create_directory(directory: Path) -> Path:
    return private.create_directory(directory, root=directory, variable="PLACE")


def test_missing_levels_are_created_with_mode_0700(tmp_path: Path) -> None:
    umask = os.umask(0)

    made = create_directory(tmp_path / "a" / "b")

    os.umask(umask)
    assert [place.stat().st_mode & 0o777 for place in (made, made.parent)] == [0o700, 0o700]


def test_a_link_is_refused_with_the_next_step(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)

    with pytest.raises(ConfigurationError, match=r"link is lrwx.* set PLACE to a directory of"):
        create_directory(tmp_path / "link")


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_directory_that_others_can_change_is_refused(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)

    with pytest.raises(ConfigurationError, match=rf"run `chmod go-w {tmp_path}`, else set PLACE"):
        create_directory(tmp_path)


def test_a_directory_that_others_can_read_is_accepted(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    assert create_directory(tmp_path) == tmp_path


@ROOT_ONLY
def test_a_directory_of_another_user_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, ANOTHER_USER, -1)

    with pytest.raises(ConfigurationError, match=r"of user daemon: expected a directory of user"):
        create_directory(tmp_path)


@pytest.mark.parametrize("level", ["a", "a/b", "a/b/c"])
def test_every_level_below_the_root_is_verified(tmp_path: Path, level: str) -> None:
    place = tmp_path / "a" / "b" / "c"
    place.mkdir(parents=True)
    (tmp_path / level).chmod(0o777)

    with pytest.raises(ConfigurationError, match=rf"/{level} is drwxrwxrwx of user"):
        private.create_directory(place, root=tmp_path, variable="PLACE")


def test_a_world_writable_parent_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)

    with pytest.raises(ConfigurationError, match=r"every user can replace its entries; set PL"):
        create_directory(tmp_path / "state")


def test_a_parent_with_the_sticky_bit_is_accepted(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)

    assert create_directory(tmp_path / "state").is_dir()


@ROOT_ONLY
def test_a_shared_parent_of_another_user_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    os.chown(tmp_path, ANOTHER_USER, -1)

    with pytest.raises(ConfigurationError, match=r"every user can replace its entries"):
        create_directory(tmp_path / "state")


def test_a_missing_directory_is_accepted(tmp_path: Path) -> None:
    private.verify(tmp_path / "no" / "where", root=tmp_path / "no", variable="PLACE")


def test_write_replaces_a_link_and_does_not_follow_it(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "file").symlink_to(victim)
    (tmp_path / "file.part").symlink_to(victim)

    written = private.write(tmp_path / "file", "new", variable="PLACE")

    assert (victim.read_text(), written.read_text()) == ("mine", "new")
    assert written.lstat().st_mode & 0o777 == 0o600
    assert {place.name for place in tmp_path.iterdir()} == {"file", "victim"}


def test_a_failed_write_is_reported_and_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "file" / "within").mkdir(parents=True)

    with pytest.raises(ConfigurationError, match=r"Is a directory; set PLACE to a directory that"):
        private.write(tmp_path / "file", "new", variable="PLACE")

    assert [place.name for place in tmp_path.iterdir()] == ["file"]
