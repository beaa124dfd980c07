"""The order in which a program is looked for: PATH, cache, distribution, release."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sightline.binaries.cache import Cache
from sightline.binaries.distribution import Distribution, Report, os_release, suites
from sightline.binaries.program import (
    PROGRAMS,
    Binary,
    NotHere,
    Program,
    Wanted,
    dotted,
    version_of,
)
from sightline.binaries.release import Release
from sightline.config import Config
from sightline.errors import BinaryUnavailable


class Place(Protocol):
    """Somewhere a program may be."""

    def find(self, wanted: Wanted) -> Binary:
        """The program, or `NotHere` with the reason."""


@dataclass(frozen=True, slots=True)
class SearchPath:
    """The folders of ``PATH``."""

    path: str | None

    def __str__(self) -> str:
        """The place, for people."""
        return "PATH"

    def find(self, wanted: Wanted) -> Binary:
        """The first command of that name that fits.

        Raises:
            NotHere: Names what was missing or does not fit.
        """
        program = wanted.program
        found = next(filter(None, (self._which(command) for command in program.commands)), None)
        if found is None:
            raise NotHere(f"no {' or '.join(program.commands)}")
        version = version_of(found)
        wanted.check(version)
        return Binary(name=program.name, path=found, version=version, origin="PATH")

    def _which(self, command: str) -> Path | None:
        found = shutil.which(command, path=self.path)
        return Path(found) if found else None


@dataclass(frozen=True, slots=True)
class Offline:
    """What stands in for the network when nothing may be fetched."""

    def __str__(self) -> str:
        """The place, for people."""
        return "network"

    def find(self, wanted: Wanted) -> Binary:
        """Nothing.

        Raises:
            NotHere: Always.
        """
        raise NotHere(f"SIGHTLINE_OFFLINE is set, so {wanted.program.name} is not fetched")


def find(
    name: str,
    config: Config,
    *,
    major: int | None = None,
    report: Report = lambda _: None,
) -> Binary:
    """Find the program *name*, or fetch it into the cache.

    Args:
        name: ``prometheus``, ``promtool``, ``alertmanager`` or ``amtool``.
        config: Says where the cache is and whether the network may be asked.
        major: Only this major version will do.
        report: Is told what is being fetched.

    Raises:
        BinaryUnavailable: Names each place that was tried and why it did not do.
    """
    wanted = Wanted(program=PROGRAMS[name], major=major)
    cache = Cache(config.cache)
    tried: dict[str, str] = {}
    here = (SearchPath(config.environ.get("PATH")), cache)
    found = _first(here, wanted, tried) or _fetched(cache, wanted, tried, config, report)
    if not found:
        raise BinaryUnavailable("\n".join(_regrets(wanted.program, tried)))
    return found


def _fetched(
    cache: Cache, wanted: Wanted, tried: dict[str, str], config: Config, report: Report
) -> Binary | None:
    if config.offline:
        return _first((Offline(),), wanted, tried)
    places = (
        Distribution(suite=suite, cache=cache, report=report)
        for suite in suites(os_release(), major=wanted.major)
    )
    with cache.held():
        # Another process may have fetched it while this one waited.
        again = _first((cache,), wanted, tried)
        network: tuple[Place, ...] = (*places, Release(cache=cache, report=report))
        return again or _first(network, wanted, tried, report)


def _first(
    places: Iterable[Place],
    wanted: Wanted,
    tried: dict[str, str],
    report: Report = lambda _: None,
) -> Binary | None:
    """The program from the first of *places* that has it; reasons of the others go to *tried*."""
    for place in places:
        try:
            return place.find(wanted)
        except NotHere as reason:
            tried[str(place)] = str(reason)
            report(f"{wanted.program.name}: {place} does not do: {reason}")
    return None


def _regrets(program: Program, tried: dict[str, str]) -> Iterator[str]:
    yield f"{program.name} is nowhere to be had. Tried:"
    yield from (f"  {place}: {reason}" for place, reason in tried.items())
    yield (
        f"Put {program.name} {dotted(program.minimum)} or newer on PATH, "
        "or run the command again with a network."
    )
