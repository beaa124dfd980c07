"""A release page on loopback: archives and their list of checksums, as upstream lays them out."""

import hashlib
import re
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sightline.binaries.cache import Cache
from sightline.binaries.program import PROGRAMS, Wanted
from sightline.binaries.release import PINS, Release, machine
from sightline.binaries.version import NotAvailable
from tests.unit.sightline.binaries.programs import program

ALERTMANAGER = Wanted(program=PROGRAMS["alertmanager"])


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "page"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The release archive for this machine, on the page and in its list."""
    name = f"alertmanager-0.34.1.{machine()}"
    file = tmp_path / "page" / f"{name}.tar.gz"
    file.parent.mkdir(exist_ok=True)
    with tarfile.open(file, "w:gz") as packed:
        for command in ("alertmanager", "amtool"):
            packed.add(program(tmp_path, command, "0.34.1"), f"{name}/{command}")
    checksum = hashlib.sha256(file.read_bytes()).hexdigest()
    (file.parent / "sha256sums.txt").write_text(f"{checksum}  {file.name}\n")
    return file


def release(tmp_path: Path, page: str, **pins: str) -> Release:
    cache = Cache(tmp_path / "cache")
    cache.folder.mkdir()
    return Release(cache=cache, report=print, page=page, pins=pins)


def test_the_program_is_extracted_into_the_cache(tmp_path: Path, page: str, archive: Path) -> None:
    found = release(tmp_path, page).find(ALERTMANAGER)

    assert archive.exists()
    assert str(found) == "alertmanager 0.34.1 (release)"
    assert found.path == tmp_path / "cache/programs/alertmanager/0.34.1-release/alertmanager"


def test_one_download_has_every_program_of_the_archive(
    tmp_path: Path, page: str, archive: Path
) -> None:
    source = release(tmp_path, page)
    source.find(ALERTMANAGER)
    archive.unlink()

    found = source.cache.find(Wanted(program=PROGRAMS["amtool"]))

    assert str(found) == "amtool 0.34.1 (release)"


@pytest.mark.parametrize("project", ["prometheus", "alertmanager"])
@pytest.mark.parametrize("processor", ["amd64", "arm64"])
def test_the_release_for_linux_is_pinned(project: str, processor: str) -> None:
    name = f"{project}-{PROGRAMS[project].release}.linux-{processor}.tar.gz"

    assert re.fullmatch(r"[0-9a-f]{64}", PINS[name])


def test_a_major_version_without_a_release_is_reported(tmp_path: Path, page: str) -> None:
    wanted = Wanted(program=PROGRAMS["alertmanager"], major=1)

    with pytest.raises(NotAvailable, match=r"no release 1.x of alertmanager is listed"):
        release(tmp_path, page).find(wanted)


def test_an_archive_with_another_checksum_is_refused(
    tmp_path: Path, page: str, archive: Path
) -> None:
    pinned = release(tmp_path, page, **{archive.name: "0" * 64})

    with pytest.raises(NotAvailable, match=f"has sha256 [0-9a-f]{{64}}, expected {'0' * 64}"):
        pinned.find(ALERTMANAGER)


def test_a_refused_archive_is_removed(tmp_path: Path, page: str, archive: Path) -> None:
    archive.write_bytes(b"something else")

    with pytest.raises(NotAvailable):
        release(tmp_path, page).find(ALERTMANAGER)

    assert list((tmp_path / "cache").iterdir()) == []


def test_an_archive_missing_from_the_checksum_list_is_refused(
    tmp_path: Path, page: str, archive: Path
) -> None:
    (archive.parent / "sha256sums.txt").write_text("")

    with pytest.raises(NotAvailable, match=r"sha256sums.txt does not list alertmanager-0.34.1"):
        release(tmp_path, page).find(ALERTMANAGER)


def test_a_missing_release_page_is_reported(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match=r"http://127.0.0.1:9/sha256sums.txt: .*refused"):
        release(tmp_path, "http://127.0.0.1:9").find(ALERTMANAGER)
