"""Programs from upstream release archives; the only module with their addresses.

A checksum is pinned here if several independent public projects pin the same one (checked on
2026-11-25). For other machines the archive is compared with the checksum list of the release.
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
from sightline.binaries.program import Binary, NotAvailable, Wanted, parse_version

_PAGE: Final = "https://github.com/prometheus/{project}/releases/download/v{version}"
_CHECKSUMS: Final = "sha256sums.txt"

_VERSIONS: Final = {"prometheus": ("3.5.0", "2.42.0"), "alertmanager": ("0.28.1",)}
"""Long-term release, and the oldest version that the rules are tested with."""

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
"""Bytes between two progress messages; an archive has about 100 MB."""
_TIMEOUT_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Source of programs: release archives."""

    cache: Cache
    report: Report
    page: str = _PAGE
    """Address of a release's files, with ``{project}`` and ``{version}``."""
    pins: Mapping[str, str] = field(default_factory=lambda: _PINS)
    """Pinned sha256 of archives."""

    def __str__(self) -> str:
        """Return the name for messages."""
        return "release archive"

    def find(self, wanted: Wanted) -> Binary:
        """Download the archive, verify its checksum, cache the program.

        Raises:
            NotAvailable: No archive for this machine, no network, wrong checksum.
        """
        project = wanted.program.project
        version = _matching_version(wanted)
        name = f"{project}-{version}.{machine()}.tar.gz"
        page = self.page.format(project=project, version=version)
        with self.cache.scratch_directory() as folder:
            checksum = self.pins.get(name) or _published_checksum(f"{page}/{_CHECKSUMS}", name)
            archive = folder / name
            self._download(f"{page}/{name}", archive, checksum)
            file = _extract(archive, wanted.program.name)
            return self.cache.keep(wanted.program, file, origin="release")

    def _download(self, url: str, file: Path, checksum: str) -> None:
        digest = hashlib.sha256()
        with _open_url(url) as answer, file.open("wb") as written:
            total = int(answer.headers.get("Content-Length") or 0)
            while chunk := answer.read(_CHUNK_BYTES):
                written.write(chunk)
                digest.update(chunk)
                megabytes = written.tell() // _MEGABYTE
                self.report(f"{file.name}: {megabytes} of {total // _MEGABYTE} MB")
        if digest.hexdigest() != checksum:
            raise NotAvailable(f"{url} has sha256 {digest.hexdigest()}, expected {checksum}")


def _matching_version(wanted: Wanted) -> str:
    """Return the first listed version that *wanted* accepts."""
    for version in _VERSIONS[wanted.program.project]:
        with suppress(NotAvailable):
            wanted.check(parse_version(version))
            return version
    raise NotAvailable(f"no release {wanted.major}.x of {wanted.program.project} is listed")


def machine() -> str:
    """Return the machine name of release archives, ``linux-amd64``.

    Raises:
        NotAvailable: There is no archive for this machine.
    """
    system, processor = platform.system().lower(), platform.machine().lower()
    if system not in _SYSTEMS or processor not in _MACHINES:
        raise NotAvailable(f"no archive for {system} on {processor}")
    return f"{system}-{_MACHINES[processor]}"


def _published_checksum(url: str, name: str) -> str:
    """Return the checksum of *name* in the list at *url*."""
    with _open_url(url) as answer:
        sums = {file: checksum for checksum, file in map(str.split, _lines(answer))}
    if name not in sums:
        raise NotAvailable(f"{url} does not list {name}")
    return sums[name]


def _lines(answer: HTTPResponse) -> list[str]:
    return answer.read().decode().splitlines()


def _extract(archive: Path, name: str) -> Path:
    """Extract the file *name* into the archive's directory."""
    with tarfile.open(archive) as packed:
        for member in packed:
            content = packed.extractfile(member)
            if content and Path(member.name).name == name:
                file = archive.parent / name
                file.write_bytes(content.read())
                return file
    raise NotAvailable(f"{archive.name} does not contain {name}")


def _open_url(url: str) -> HTTPResponse:
    try:
        answer: HTTPResponse = urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS)
    except OSError as error:
        raise NotAvailable(f"{url}: {error}") from error
    return answer
