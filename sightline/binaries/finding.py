"""Search for programs: PATH, cache, pinned release archive, distribution package."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sightline.binaries.cache import Cache
from sightline.binaries.distribution import Distribution, Report, os_release, suites
from sightline.binaries.program import PATH, PROGRAMS, Binary, Program, Wanted
from sightline.binaries.release import Release
from sightline.binaries.version import Absent, NotAvailable, version_of, version_text
from sightline.config import Config
from sightline.errors import BinaryUnavailable


class Source(Protocol):
    """Source of programs."""

    def find(self, wanted: Wanted) -> Binary:
        """Return the program, or raise `NotAvailable` with the reason."""


@dataclass(frozen=True, slots=True)
class SearchPath:
    """Directories of ``PATH``."""

    path: str | None

    def __str__(self) -> str:
        """Return the name for messages."""
        return "PATH"

    def find(self, wanted: Wanted) -> Binary:
        """Return the first command with a matching version.

        Raises:
            Absent: No command exists.
            NotAvailable: No command is the program in a matching version; with the next step.
        """
        program = wanted.program
        found = list(filter(None, map(self._which, program.commands)))
        reasons = []
        for path in found:
            try:
                return self._check(wanted, path)
            except NotAvailable as reason:
                reasons.append(f"{reason}; replace it, or remove it from PATH")
        if not found:
            raise Absent(f"no {' or '.join(program.commands)}")
        raise NotAvailable(", ".join(reasons))

    def _check(self, wanted: Wanted, path: Path) -> Binary:
        version = version_of(path, wanted.program.name)
        try:
            wanted.check(version)
        except NotAvailable as reason:
            raise NotAvailable(f"{path}: {reason}") from reason
        return Binary(name=wanted.program.name, path=path, version=version, origin=PATH)

    def _which(self, command: str) -> Path | None:
        found = shutil.which(command, path=self.path)
        return Path(found) if found else None


@dataclass(frozen=True, slots=True)
class EarlierRelease:
    """Source for a machine that cannot download the pinned release: one that is cached."""

    cache: Cache

    def __str__(self) -> str:
        """Return the name for messages."""
        return str(self.cache)

    def find(self, wanted: Wanted) -> Binary:
        """Return the newest cached release.

        Raises:
            Absent: No cached release matches.
        """
        return self.cache.find_any(wanted)


@dataclass(frozen=True, slots=True)
class Offline:
    """Source that replaces the network when downloads are disabled."""

    def __str__(self) -> str:
        """Return the name for messages."""
        return "network"

    def find(self, wanted: Wanted) -> Binary:
        """Raise `Absent`.

        Raises:
            Absent: Always.
        """
        raise Absent(f"SIGHTLINE_OFFLINE is set, so {wanted.program.name} is not downloaded")


def find(
    name: str,
    config: Config,
    *,
    major: int | None = None,
    report: Report = lambda _: None,
) -> Binary:
    """Return the program *name*; download it if necessary.

    Args:
        name: ``prometheus``, ``promtool``, ``alertmanager`` or ``amtool``.
        config: Cache directory and permission to download.
        major: Required major version.
        report: Called with progress messages.

    Raises:
        BinaryUnavailable: The program was not found; the message lists the reason of each source.
    """
    wanted = Wanted(program=PROGRAMS[name], major=major)
    cache = Cache(config.cache)
    tried: dict[str, str] = {}
    here = (SearchPath(config.environ.get("PATH")), cache)
    found = _find_first(here, wanted, tried, report) or _find_remote(
        cache, wanted, tried, config, report
    )
    if not found:
        raise BinaryUnavailable("\n".join(_not_found_message(wanted.program, tried)))
    return found


def _find_remote(
    cache: Cache, wanted: Wanted, tried: dict[str, str], config: Config, report: Report
) -> Binary | None:
    if config.offline:
        return _find_first((EarlierRelease(cache), Offline()), wanted, tried, report)
    sources = (
        Distribution(suite=suite, cache=cache, report=report)
        for suite in suites(os_release(), major=wanted.major)
    )
    with cache.lock():
        # Another process may have downloaded it during the wait for the lock.
        again = _find_first((cache,), wanted, tried, report)
        release = Release(cache=cache, report=report)
        network: tuple[Source, ...] = (release, EarlierRelease(cache), *sources)
        return again or _find_first(network, wanted, tried, report)


def _find_first(
    sources: Iterable[Source],
    wanted: Wanted,
    tried: dict[str, str],
    report: Report,
) -> Binary | None:
    """Return the program from the first of *sources* that has it; record failures in *tried*."""
    for source in sources:
        try:
            return source.find(wanted)
        except Absent as reason:
            tried[str(source)] = str(reason)
        except NotAvailable as reason:
            tried[str(source)] = str(reason)
            place = "" if isinstance(source, SearchPath) else f"{source}: "
            report(f"{wanted.program.name}: skipping {place}{reason}")
    return None


def _not_found_message(program: Program, tried: dict[str, str]) -> Iterator[str]:
    yield f"{program.name} not found. Tried:"
    yield from (f"  {source}: {reason}" for source, reason in tried.items())
    yield (
        f"Put {program.name} {version_text(program.minimum)} or newer on PATH, "
        "or run the command again with a network."
    )
