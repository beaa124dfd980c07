"""Programs from upstream release archives; the only module with their addresses.

A checksum is pinned here if at least four unrelated public projects pin the same one and none
another (2026-11-30): 3.14.0 amd64 ten, arm64 six, macOS five each; 0.34.1 amd64 eight, arm64 four.
An archive without a pin is compared with the checksum list of its release.
"""

import hashlib
import platform
import shutil
import tarfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Final

from sightline.binaries.cache import Cache
from sightline.binaries.distribution import Report
from sightline.binaries.program import PROGRAMS, RELEASE, Binary, Program, Wanted
from sightline.binaries.version import NotAvailable, parse_version

_PAGE: Final = "https://github.com/prometheus/{project}/releases/download/v{version}"
_CHECKSUMS: Final = "sha256sums.txt"

_OLDEST: Final = {"prometheus": ("2.42.0",)}
"""Further releases for a required major version: the oldest that the rules are tested with."""

PINS: Final = {
    "prometheus-3.14.0.linux-amd64.tar.gz": (
        "f665c6da19eb7ba399c915d30c7d9793c9b417bf8a749b504bc470678631478d"
    ),
    "prometheus-3.14.0.linux-arm64.tar.gz": (
        "077f3781ab7245dc04c9a3c9b78ba120fc8e41aa0dc97489b0af67247e50ba83"
    ),
    "prometheus-3.14.0.darwin-amd64.tar.gz": (
        "a14307b9726e66cadb81be9a544732623af26dabeb7702c987aa9c3c062ada34"
    ),
    "prometheus-3.14.0.darwin-arm64.tar.gz": (
        "a9623f7f4fe65b1b171b423c1a72bbf23dfdf41a171dcb33e7dd302af80dc01c"
    ),
    "alertmanager-0.34.1.linux-amd64.tar.gz": (
        "265b9d1e55ef0d5306a436018af6d2b686c2ce051f03d968f7464ecb1372a7e8"
    ),
    "alertmanager-0.34.1.linux-arm64.tar.gz": (
        "d98d6cbaf52151c7e76e24355fec88b11cebcb9875d4cdd8b76ddce7a7e5535c"
    ),
}
_MACHINES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_SYSTEMS: Final = frozenset({"linux", "darwin"})

_MEGABYTE: Final = 1 << 20
_CHUNK_BYTES: Final = 16 * _MEGABYTE
"""Bytes between two progress messages; an archive has about 100 MB."""
_TIMEOUT_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Source of programs: release archives."""

    cache: Cache
    report: Report
    page: str = _PAGE
    """Address of a release's files, with ``{project}`` and ``{version}``."""
    pins: Mapping[str, str] = field(default_factory=lambda: PINS)
    """Pinned sha256 of archives."""

    def __str__(self) -> str:
        """Return the name for messages."""
        return "release archive"

    def find(self, wanted: Wanted) -> Binary:
        """Download the archive, verify its checksum, cache its programs.

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
            return self._keep(archive, wanted.program)

    def _keep(self, archive: Path, wanted: Program) -> Binary:
        """Cache every program of *archive* and return the *wanted* one."""
        kept = {
            file.name: self.cache.keep(PROGRAMS[file.name], file, origin=RELEASE)
            for file in _extract(archive)
        }
        if wanted.name not in kept:
            raise NotAvailable(f"{archive.name} does not contain {wanted.name}")
        return kept[wanted.name]

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
            raise NotAvailable(f"{url} has sha256 {digest.hexdigest()}, expected {checksum}")


def _matching_version(wanted: Wanted) -> str:
    """Return the first listed version that *wanted* accepts."""
    project = wanted.program.project
    versions: tuple[str, ...] = (wanted.program.release, *_OLDEST.get(project, ()))
    for version in versions:
        with suppress(NotAvailable):
            wanted.check(parse_version(version))
            return version
    raise NotAvailable(f"no release {wanted.major}.x of {project} is listed")


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
    with _opened(url) as answer:
        text: str = answer.read().decode(errors="replace")
    for line in text.splitlines():
        checksum, _, file = line.partition("  ")
        if file == name:
            return checksum
    raise NotAvailable(f"{url} does not list {name}")


def _extract(archive: Path) -> Iterator[Path]:
    """Extract the known programs into the archive's directory."""
    with tarfile.open(archive) as packed:
        for member in packed:
            content = packed.extractfile(member)
            if content and Path(member.name).name in PROGRAMS:
                file = archive.parent / Path(member.name).name
                with file.open("wb") as written:
                    shutil.copyfileobj(content, written)
                yield file


@contextmanager
def _opened(url: str) -> Iterator[HTTPResponse]:
    """Yield the answer of *url*; an error of the network, also during the block, is a reason."""
    opener = urllib.request.build_opener()  # that of urlopen() keeps the proxies of its first call
    try:
        with opener.open(url, timeout=_TIMEOUT_SECONDS) as answer:
            yield answer
    except (OSError, HTTPException) as error:
        raise NotAvailable(f"{url}: {getattr(error, 'reason', error)}") from error
