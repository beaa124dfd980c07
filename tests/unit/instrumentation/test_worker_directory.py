"""The workers' directory is private to their user, and stale directories are removed."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from instrumentation._scrape.worker_directory import (
    MAX_ADDRESS_BYTES,
    WorkerDirectory,
    has_exited,
    worker_id,
)

NO_PROCESS = "4194305-1"
"""Id of no process: the pid is above the maximum of Linux."""


def test_workers_of_one_server_share_a_directory(tmp_path: Path) -> None:
    one, other = WorkerDirectory("page", root=tmp_path), WorkerDirectory("page", root=tmp_path)

    one.write("12-34", b"content")

    assert other.worker_ids() == {"12-34"}
    assert other.read("12-34") == b"content"
    assert other.read("56-78") is None


def test_pages_have_separate_directories(tmp_path: Path) -> None:
    WorkerDirectory("orders", root=tmp_path).write("12-34", b"content")

    assert WorkerDirectory("admin", root=tmp_path).worker_ids() == set()


def test_only_the_user_can_read_the_directory(tmp_path: Path) -> None:
    root = tmp_path / "new"

    WorkerDirectory("page", root=root)

    assert [oct(path.stat().st_mode & 0o777) for path in (root, *root.iterdir())] == ["0o700"] * 2


def test_a_directory_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)

    with pytest.raises(PermissionError, match=r"may change; remove it, or set TMPDIR"):
        WorkerDirectory("page", root=tmp_path)


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(PermissionError):
        WorkerDirectory("page", root=tmp_path / "link")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_another_user_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)

    with pytest.raises(PermissionError, match="of user 65534"):
        WorkerDirectory("page", root=tmp_path)


def test_a_path_too_long_for_a_socket_is_reached_through_a_descriptor(tmp_path: Path) -> None:
    directory = WorkerDirectory("page", root=tmp_path / ("long" * 30))
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as asking:
        listening.bind(directory.address("12-34"))
        listening.listen()

        asking.connect(directory.address("12-34"))

    assert len(str(directory.path)) > MAX_ADDRESS_BYTES
    assert directory.worker_ids() == {"12-34"}


def test_directories_of_exited_servers_are_removed(tmp_path: Path) -> None:
    here = WorkerDirectory("page", root=tmp_path).path.parent
    namespace = here.name.partition("-")[0]
    (tmp_path / f"{namespace}-{NO_PROCESS}" / "page").mkdir(parents=True)
    (tmp_path / f"7-{NO_PROCESS}" / "page").mkdir(parents=True)  # of a container that has ended

    WorkerDirectory("page", root=tmp_path)

    assert list(tmp_path.iterdir()) == [here]


def test_the_directory_of_another_container_stays_while_it_is_used(tmp_path: Path) -> None:
    WorkerDirectory("page", root=tmp_path).path.parent.rename(tmp_path / f"7-{NO_PROCESS}")

    WorkerDirectory("page", root=tmp_path)

    assert (tmp_path / f"7-{NO_PROCESS}").exists()


def test_a_worker_id_differs_from_that_of_a_later_process_with_its_pid() -> None:
    name = worker_id(os.getpid())

    assert not has_exited(name)
    assert has_exited(f"{os.getpid()}-1")
    assert has_exited(NO_PROCESS)


def test_a_zombie_process_has_exited() -> None:
    child = subprocess.Popen(["/bin/sleep", "60"])
    name = worker_id(child.pid)
    assert not has_exited(name)

    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert has_exited(name)
    child.wait()
