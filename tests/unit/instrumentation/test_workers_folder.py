"""Where workers meet is theirs alone, and is not littered."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from instrumentation._scrape.workers_folder import LONGEST_ADDRESS, Folder, gone, worker

GONE = "4194305-1"
"""No process: past the largest number that Linux gives."""


def test_workers_of_one_server_meet(tmp_path: Path) -> None:
    one, other = Folder("page", root=tmp_path), Folder("page", root=tmp_path)

    one.write("12-34", b"word")

    assert other.workers() == {"12-34"}
    assert other.read("12-34") == b"word"
    assert other.read("56-78") is None


def test_pages_are_apart(tmp_path: Path) -> None:
    Folder("orders", root=tmp_path).write("12-34", b"word")

    assert Folder("admin", root=tmp_path).workers() == set()


def test_nobody_else_can_look_in(tmp_path: Path) -> None:
    root = tmp_path / "new"

    Folder("page", root=root)

    assert [oct(path.stat().st_mode & 0o777) for path in (root, *root.iterdir())] == ["0o700"] * 2


def test_a_place_that_others_may_change_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)

    with pytest.raises(PermissionError, match=r"may change; remove it, or set TMPDIR"):
        Folder("page", root=tmp_path)


def test_a_link_that_somebody_laid_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(PermissionError):
        Folder("page", root=tmp_path / "link")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_place_of_another_user_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)

    with pytest.raises(PermissionError, match="of user 65534"):
        Folder("page", root=tmp_path)


def test_a_path_too_long_for_a_socket_is_reached_another_way(tmp_path: Path) -> None:
    folder = Folder("page", root=tmp_path / ("long" * 30))
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as asking:
        listening.bind(folder.address("12-34"))
        listening.listen()

        asking.connect(folder.address("12-34"))

    assert len(str(folder.path)) > LONGEST_ADDRESS
    assert folder.workers() == {"12-34"}


def test_folders_of_servers_that_are_gone_go(tmp_path: Path) -> None:
    here = Folder("page", root=tmp_path).path.parent
    namespace = here.name.partition("-")[0]
    (tmp_path / f"{namespace}-{GONE}" / "page").mkdir(parents=True)
    (tmp_path / f"7-{GONE}" / "page").mkdir(parents=True)  # of a container that has ended

    Folder("page", root=tmp_path)

    assert list(tmp_path.iterdir()) == [here]


def test_the_folder_of_another_container_stays_while_it_is_used(tmp_path: Path) -> None:
    Folder("page", root=tmp_path).path.parent.rename(tmp_path / f"7-{GONE}")

    Folder("page", root=tmp_path)

    assert (tmp_path / f"7-{GONE}").exists()


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    name = worker(os.getpid())

    assert not gone(name)
    assert gone(f"{os.getpid()}-1")
    assert gone(GONE)


def test_a_worker_that_nobody_buried_yet_is_gone() -> None:
    child = subprocess.Popen(["/bin/sleep", "60"])
    name = worker(child.pid)
    assert not gone(name)

    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert gone(name)
    child.wait()
