"""Programs out of the upstream projects' release archives. The one file that names where those are.

The checksums stand here only where several public projects, independent of each other, pin the same
ones (looked up 2026-11-25); for the other machines the archive is held to the release's own list.
"""

import hashlib
import platform
import tarfile
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPResponse
from pathlib import Path
from typing import Final

from sightline.binaries.cache import Cache
from sightline.binaries.distribution import Report
from sightline.binaries.program import Binary, NotHere, Wanted, parsed

_PAGE: Final = "https://github.com/prometheus/{project}/releases/download/v{version}"
_CHECKSUMS: Final = "sha256sums.txt"

_VERSIONS: Final = {"prometheus": ("3.5.0", "2.42.0"), "alertmanager": ("0.28.1",)}
"""The long-term release, and the oldest that our rules are held to."""

_PINS: Final = {
    "prometheus-3.5.0.linux-amd64.tar.gz": (
        "e811827af26d822afb09a4f28314f61b618b12cff5369835a67f674d8b46f39a"
    ),
    "prometheus-3.5.0.linux-arm64.tar.gz": (
        "173389cc42bf09c4e6e54cb53fa07a5a835d7c261e14775d2183181d6e385d1c"
    ),
    "alertmanager-0.28.1.linux-amd64.tar.gz": (
        "5ac7ab5e4b8ee5ce4d8fb0988f9cb275efcc3f181b4b408179fafee121693311"
    ),
    "alertmanager-0.28.1.linux-arm64.tar.gz": (
        "d8832540e5b9f613d2fd759e31d603173b9c61cc7bb5e3bc7ae2f12038b1ce4f"
    ),
}
_MACHINES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_SYSTEMS: Final = frozenset({"linux", "darwin"})

_MEGABYTE: Final = 1 << 20
_CHUNK_BYTES: Final = 16 * _MEGABYTE
"""Between two reports: an archive is about 100 MB."""
_ANSWERS_WITHIN_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The projects' release pages as a place to find programs."""

    cache: Cache
    report: Report
    page: str = _PAGE
    """Address of a release's files, with ``{project}`` and ``{version}``."""
    pins: Mapping[str, str] = field(default_factory=lambda: _PINS)
    """sha256 of each archive that is known beforehand."""

    def __str__(self) -> str:
        """The place, for people."""
        return "release archive"

    def find(self, wanted: Wanted) -> Binary:
        """Fetch the archive, hold it to its checksum, keep the program.

        Raises:
            NotHere: No archive for this machine, no network, wrong checksum.
        """
        project = wanted.program.project
        version = _fitting(wanted)
        name = f"{project}-{version}.{machine()}.tar.gz"
        page = self.page.format(project=project, version=version)
        with self.cache.workshop() as folder:
            checksum = self.pins.get(name) or _listed(f"{page}/{_CHECKSUMS}", name)
            archive = folder / name
            self._download(f"{page}/{name}", archive, checksum)
            file = _member(archive, wanted.program.name)
            return self.cache.keep(wanted.program, file, origin="release")

    def _download(self, url: str, file: Path, checksum: str) -> None:
        digest = hashlib.sha256()
        with _opened(url) as answer, file.open("wb") as written:
            total = int(answer.headers.get("Content-Length") or 0)
            while chunk := answer.read(_CHUNK_BYTES):
                written.write(chunk)
                digest.update(chunk)
                megabytes = written.tell() // _MEGABYTE
                self.report(f"{file.name}: {megabytes} of {total // _MEGABYTE} MB")
        if digest.hexdigest() != checksum:
            raise NotHere(f"{url} has sha256 {digest.hexdigest()}, expected {checksum}")


def _fitting(wanted: Wanted) -> str:
    """The first version of the project that *wanted* accepts."""
    for version in _VERSIONS[wanted.program.project]:
        with suppress(NotHere):
            wanted.check(parsed(version))
            return version
    raise NotHere(f"no release {wanted.major}.x of {wanted.program.project} is listed")


def machine() -> str:
    """This machine as release archives call it, ``linux-amd64``.

    Raises:
        NotHere: There are no archives for it.
    """
    system, processor = platform.system().lower(), platform.machine().lower()
    if system not in _SYSTEMS or processor not in _MACHINES:
        raise NotHere(f"no archive for {system} on {processor}")
    return f"{system}-{_MACHINES[processor]}"


def _listed(url: str, name: str) -> str:
    """The checksum that the list at *url* gives for *name*."""
    with _opened(url) as answer:
        sums = {file: checksum for checksum, file in map(str.split, _lines(answer))}
    if name not in sums:
        raise NotHere(f"{url} does not list {name}")
    return sums[name]


def _lines(answer: HTTPResponse) -> list[str]:
    return answer.read().decode().splitlines()


def _member(archive: Path, name: str) -> Path:
    """Unpack the one file *name* beside the archive."""
    with tarfile.open(archive) as packed:
        for member in packed:
            content = packed.extractfile(member)
            if content and Path(member.name).name == name:
                file = archive.parent / name
                file.write_bytes(content.read())
                return file
    raise NotHere(f"{archive.name} holds no {name}")


def _opened(url: str) -> HTTPResponse:
    try:
        answer: HTTPResponse = urllib.request.urlopen(  # noqa: S310  only pages of this file
            url, timeout=_ANSWERS_WITHIN_SECONDS
        )
    except OSError as error:
        raise NotHere(f"{url}: {error}") from error
    return answer
