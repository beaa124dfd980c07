"""Programs out of the distribution's own packages, as a user without root.

`apt-get` does the work with lists and state of our own: it knows the machine's mirror and proxies
and verifies signatures. Only the packages themselves are unpacked; nothing is installed.
"""

import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sightline.binaries.cache import Cache
from sightline.binaries.program import PROGRAMS, Binary, NotHere, Program, Wanted, parsed

Report = Callable[[str], None]

_ALIASES: Final = frozenset({"stable", "oldstable", "testing", "unstable", "sid"})
_LISTS_ARE_FRESH_SECONDS: Final = 3600.0
_WITHIN_SECONDS: Final = 300.0

_KEYRINGS: Final = Path("/usr/share/keyrings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A suite of the mirror that this machine is set up for."""

    distribution: str
    """``debian`` or ``ubuntu``."""
    uri: str
    suite: str
    components: str

    @property
    def source(self) -> str:
        """A line for apt's list of sources."""
        keyring = next(_KEYRINGS.glob(f"{self.distribution}-archive-keyring.*"), None)
        signed = f" signed-by={keyring}" if keyring else ""
        return f"deb [target=Packages{signed}] {self.uri} {self.suite} {self.components}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One suite as a place to find programs."""

    suite: str
    cache: Cache
    report: Report

    def __str__(self) -> str:
        """The place, for people."""
        return f"package of {self.suite}"

    def find(self, wanted: Wanted) -> Binary:
        """Fetch the package that holds the program and keep the program.

        Raises:
            NotHere: No apt, no network, no such package, or not a version that fits.
        """
        with self.cache.workshop() as folder:
            apt = self._apt()
            package = self._package(apt, wanted)
            self.report(f"{wanted.program.name}: fetching package {package} of {self.suite}")
            apt.run("apt-get", "download", package, folder=folder)
            (archive,) = folder.glob("*.deb")
            _run(["dpkg-deb", "-x", str(archive), "root"], folder=folder)
            return self._keep(wanted, folder / "root")

    def _apt(self) -> "Apt":
        apt = Apt(folder=self.cache.directory("apt", self.suite))
        if not apt.fresh:
            self.report(f"asking the package mirror what {self.suite} offers")
            apt.update(archive(self.suite))
        return apt

    def _package(self, apt: "Apt", wanted: Wanted) -> str:
        """The first package that is there in a version that fits."""
        for package in wanted.program.packages:
            version = apt.version(package)
            if version:
                wanted.check(version)
                return package
        raise NotHere(f"no package {' or '.join(wanted.program.packages)}")

    def _keep(self, wanted: Wanted, root: Path) -> Binary:
        """Keep every program that came in the package, and return the one that is wanted."""
        kept = {
            program.name: self._moved(program, root, root / "usr" / "bin" / command)
            for program in PROGRAMS.values()
            for command in program.commands
            if (root / "usr" / "bin" / command).is_file()
        }
        if wanted.program.name not in kept:
            raise NotHere("the package does not hold it")
        return kept[wanted.program.name]

    def _moved(self, program: Program, root: Path, file: Path) -> Binary:
        needs = root / program.compiled_in.lstrip("/") if program.compiled_in else None
        if needs:
            relocate(file, program.compiled_in)
        beside = needs.glob("*.tmpl") if needs else ()
        return self.cache.keep(program, file, origin=self.suite, beside=beside)


def relocate(file: Path, folder: str) -> None:
    """Make the program *file* read from its working directory what it reads from *folder*.

    Debian's Alertmanager does not start without two templates in a folder that only root may fill,
    and has no option for it. Go keeps strings by length, so the new name is as long as the old one.
    """
    fixed = folder.encode()
    file.write_bytes(file.read_bytes().replace(fixed, b".".ljust(len(fixed), b"/")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Apt:
    """apt's programs with lists, state and cache in a folder of ours."""

    folder: Path

    @property
    def fresh(self) -> bool:
        """Whether the lists were fetched within the hour."""
        stamp = self.folder / "updated"
        return stamp.exists() and time.time() - stamp.stat().st_mtime < _LISTS_ARE_FRESH_SECONDS

    def update(self, archive: Archive) -> None:
        """Fetch the package lists of *archive*.

        Raises:
            NotHere: With apt's own words.
        """
        for name in ("lists/partial", "cache/archives/partial", "state"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        (self.folder / "sources.list").write_text(archive.source, encoding="utf-8")
        self.run("apt-get", "update", "-q", folder=self.folder)
        (self.folder / "updated").touch()

    def version(self, package: str) -> tuple[int, ...]:
        """The version on offer; empty when there is none."""
        shown = self.run("apt-cache", "policy", package, folder=self.folder)
        offered = (
            line.partition(":")[2].strip() for line in shown.splitlines() if "Candid" in line
        )
        return parsed(next(offered, ""))

    def run(self, program: str, *arguments: str, folder: Path) -> str:
        """Run *program* in *folder* and return what it prints.

        Raises:
            NotHere: With apt's own words.
        """
        options = [word for option in self._options() for word in ("-o", option)]
        return _run([program, *options, *arguments], folder=folder)

    def _options(self) -> Iterator[str]:
        yield f"Dir::Etc::SourceList={self.folder}/sources.list"
        yield from (f"Dir::Etc::{name}=/dev/null" for name in ("SourceParts", "Preferences"))
        yield "Dir::Etc::PreferencesParts=/dev/null"
        yield f"Dir::State={self.folder}/state"
        yield f"Dir::State::Lists={self.folder}/lists"
        yield f"Dir::State::Status={self.folder}/status"
        yield f"Dir::Cache={self.folder}/cache"
        # apt drops to a user of its own when root calls it, who cannot write here.
        yield "APT::Sandbox::User=root"
        yield "APT::Update::Error-Mode=any"
        yield from ("Acquire::Languages=none", "Acquire::GzipIndexes=true", "Acquire::Retries=2")
        yield from ("Acquire::http::Timeout=20", "Acquire::https::Timeout=20")


def suites(release: Mapping[str, str], *, major: int | None) -> tuple[str, ...]:
    """Suites worth asking, the best first: Debian's newest, then the machine's own.

    A Debian of any age can run another suite's program; on Ubuntu only its own suite is asked.

    Args:
        release: What the machine is, as `os_release` says.
        major: The major version that is wanted.
    """
    own = release.get("VERSION_CODENAME", "")
    if release.get("ID") != "debian":
        return (own,) if own else ()
    # Bookworm's 2.42 is the oldest that our rules are held to.
    names = tuple(dict.fromkeys(("sid", own, "bookworm")))
    return names[::-1] if major == PROGRAMS["prometheus"].minimum[0] else names


def archive(suite: str) -> Archive:
    """Where the machine's own sources would have *suite*.

    Raises:
        NotHere: The machine has no apt, or no mirror of its distribution.
    """
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise NotHere("this machine has no apt")
    release = os_release()
    own = release.get("VERSION_CODENAME", "")
    fields = ("REPO_URI", "RELEASE", "COMPONENT")
    form = " ".join(f"$({field})" for field in fields)
    query = [
        "apt-get",
        "indextargets",
        "--no-release-info",
        "--format",
        form,
        "Created-By: Packages",
    ]
    targets = [line.split() for line in _run(query, folder=Path("/")).splitlines()]
    mirrors = [target for target in targets if target[1] in _ALIASES | {own}]
    if not mirrors:
        raise NotHere(f"the machine's apt sources name no mirror of {own}")
    uri = mirrors[0][0]
    components = dict.fromkeys(target[2] for target in mirrors if target[0] == uri)
    return Archive(
        distribution=release.get("ID", ""),
        uri=uri,
        suite=suite,
        components=" ".join(components),
    )


def os_release() -> Mapping[str, str]:
    """What the machine says it is, in the words of os-release(5); empty when it does not say."""
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def _run(command: list[str], *, folder: Path) -> str:
    """Run *command* in *folder*; its last complaint becomes the reason."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_WITHIN_SECONDS,
            env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
        )
    except FileNotFoundError as error:
        raise NotHere(f"this machine has no {command[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise NotHere(f"{command[0]} took longer than {_WITHIN_SECONDS:.0f} s") from error
    if done.returncode:
        complaints = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise NotHere(f"{command[0]}: {complaints[-1]}")
    return done.stdout
