"""Programs from packages of the distribution, downloaded and unpacked without root.

`apt-get` runs with its own lists and state in the cache. It uses the machine's mirror and proxies
and verifies signatures. Packages are unpacked, not installed.
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
from sightline.binaries.program import PROGRAMS, Binary, Program, Wanted
from sightline.binaries.version import NotAvailable, parse_version

Report = Callable[[str], None]

_ALIASES: Final = frozenset({"stable", "oldstable", "testing", "unstable", "sid"})
_MAX_LIST_AGE_SECONDS: Final = 3600.0
_TIMEOUT_SECONDS: Final = 300.0

_KEYRINGS: Final = Path("/usr/share/keyrings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Suite of the mirror in this machine's apt sources."""

    distribution: str
    """``debian`` or ``ubuntu``."""
    uri: str
    suite: str
    components: str

    @property
    def source(self) -> str:
        """Line for apt's `sources.list`."""
        keyring = next(_KEYRINGS.glob(f"{self.distribution}-archive-keyring.*"), None)
        signed = f" signed-by={keyring}" if keyring else ""
        return f"deb [target=Packages{signed}] {self.uri} {self.suite} {self.components}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Source of programs: packages of one suite."""

    suite: str
    cache: Cache
    report: Report

    def __str__(self) -> str:
        """Return the name for messages."""
        return f"package of {self.suite}"

    def find(self, wanted: Wanted) -> Binary:
        """Download the package that contains the program and cache the program.

        Raises:
            NotAvailable: No apt, no network, no package, or no matching version.
        """
        with self.cache.scratch_directory() as folder:
            apt = self._apt()
            package = self._package(apt, wanted)
            self.report(f"{wanted.program.name}: downloading package {package} of {self.suite}")
            apt.run("apt-get", "download", package, folder=folder)
            (archive,) = folder.glob("*.deb")
            _run(["dpkg-deb", "-x", str(archive), "root"], folder=folder)
            return self._keep(wanted, folder / "root")

    def _apt(self) -> "Apt":
        apt = Apt(folder=self.cache.directory("apt", self.suite))
        if not apt.fresh:
            self.report(f"downloading package lists of {self.suite}")
            apt.update(archive(self.suite))
        return apt

    def _package(self, apt: "Apt", wanted: Wanted) -> str:
        """Return the first available package with a matching version."""
        for package in wanted.program.packages:
            version = apt.version(package)
            if version:
                wanted.check(version)
                return package
        raise NotAvailable(f"no package {' or '.join(wanted.program.packages)}")

    def _keep(self, wanted: Wanted, root: Path) -> Binary:
        """Cache every program of the package and return the wanted one."""
        kept = {
            program.name: self._store(program, root, root / "usr" / "bin" / command)
            for program in PROGRAMS.values()
            for command in program.commands
            if (root / "usr" / "bin" / command).is_file()
        }
        if wanted.program.name not in kept:
            raise NotAvailable("the package does not contain it")
        return kept[wanted.program.name]

    def _store(self, program: Program, root: Path, file: Path) -> Binary:
        needs = root / program.compiled_in.lstrip("/") if program.compiled_in else None
        if needs:
            relocate(file, program.compiled_in)
        beside = needs.glob("*.tmpl") if needs else ()
        return self.cache.keep(program, file, origin=self.suite, beside=beside)


def relocate(file: Path, folder: str) -> None:
    """Patch the program *file* to read from its working directory instead of *folder*.

    Debian's Alertmanager needs two templates in a directory that only root can write, and has no
    option for it. Go stores strings with their length, so the new name is as long as the old one.
    """
    fixed = folder.encode()
    file.write_bytes(file.read_bytes().replace(fixed, b".".ljust(len(fixed), b"/")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Apt:
    """apt with lists, state and cache in *folder*."""

    folder: Path

    @property
    def fresh(self) -> bool:
        """True if the lists are less than an hour old."""
        stamp = self.folder / "updated"
        return stamp.exists() and time.time() - stamp.stat().st_mtime < _MAX_LIST_AGE_SECONDS

    def update(self, archive: Archive) -> None:
        """Download the package lists of *archive*.

        Raises:
            NotAvailable: The command failed; the message is apt's.
        """
        for name in ("lists/partial", "cache/archives/partial", "state"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        (self.folder / "sources.list").write_text(archive.source, encoding="utf-8")
        self.run("apt-get", "update", "-q", folder=self.folder)
        (self.folder / "updated").touch()

    def version(self, package: str) -> tuple[int, ...]:
        """Return the available version of *package*; empty if there is none."""
        shown = self.run("apt-cache", "policy", package, folder=self.folder)
        offered = (
            line.partition(":")[2].strip() for line in shown.splitlines() if "Candid" in line
        )
        return parse_version(next(offered, ""))

    def run(self, program: str, *arguments: str, folder: Path) -> str:
        """Run *program* in *folder* and return its output.

        Raises:
            NotAvailable: The command failed; the message is apt's.
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
        # As root, apt would switch to another user, which cannot write to the cache.
        yield "APT::Sandbox::User=root"
        yield "APT::Update::Error-Mode=any"
        yield from ("Acquire::Languages=none", "Acquire::GzipIndexes=true", "Acquire::Retries=2")
        yield from ("Acquire::http::Timeout=20", "Acquire::https::Timeout=20")


def suites(release: Mapping[str, str], *, major: int | None) -> tuple[str, ...]:
    """Return the suites to try, in order: Debian's newest, then the machine's own.

    Any Debian can run programs of other suites. On Ubuntu, its own suite is tried only.

    Args:
        release: Result of `os_release`.
        major: Wanted major version.
    """
    own = release.get("VERSION_CODENAME", "")
    if release.get("ID") != "debian":
        return (own,) if own else ()
    # Bookworm has 2.42, the oldest version that the rules are tested with.
    names = tuple(dict.fromkeys(("sid", own, "bookworm")))
    return names[::-1] if major == PROGRAMS["prometheus"].minimum[0] else names


def archive(suite: str) -> Archive:
    """Return *suite* on the mirror of the machine's apt sources.

    Raises:
        NotAvailable: The machine has no apt, or no mirror of its distribution.
    """
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise NotAvailable("this machine has no apt")
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
        raise NotAvailable(f"the machine's apt sources name no mirror of {own}")
    uri = mirrors[0][0]
    components = dict.fromkeys(target[2] for target in mirrors if target[0] == uri)
    return Archive(
        distribution=release.get("ID", ""),
        uri=uri,
        suite=suite,
        components=" ".join(components),
    )


def os_release() -> Mapping[str, str]:
    """Return the fields of os-release(5); empty if the file is missing."""
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def _run(command: list[str], *, folder: Path) -> str:
    """Run *command* in *folder* and return its output, or raise with its last error line."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
            env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
        )
    except FileNotFoundError as error:
        raise NotAvailable(f"this machine has no {command[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise NotAvailable(f"{command[0]} took longer than {_TIMEOUT_SECONDS:.0f} s") from error
    if done.returncode:
        error_lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise NotAvailable(f"{command[0]}: {error_lines[-1]}")
    return done.stdout
