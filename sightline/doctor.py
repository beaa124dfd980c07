"""`sightline doctor`: check whether this machine can run the stack."""

import platform
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

from sightline import artifacts, binaries
from sightline.binaries import Binary
from sightline.config import Config
from sightline.docker import Docker, DockerUnusable
from sightline.errors import BinaryUnavailable, ConfigurationError
from sightline.invocation import command
from sightline.local import grafana, jaeger, ports, process
from sightline.local.folder import Folder
from sightline.local.state import State

Verdict = Literal["ok", "note", "bad"]
"""``ok``; ``note``: works with a limitation; ``bad``: the stack cannot run."""

OLDEST_PYTHON: Final = (3, 11)
NEEDED_BYTES: Final = 4 << 30
"""Disk space: metrics 2 GB (prometheus.flags), traces 1 GB, programs and logs."""
_STORE: Final = "the stand-in is the trace store"
NEEDED_FILES: Final = 1024
"""Open files of one process; Prometheus maps one file for each block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Result of one check."""

    subject: str
    verdict: Verdict
    text: str
    """Result and, unless it is ok, the next step."""


def examine(config: Config) -> list[Finding]:
    """Return the results of all checks for *config*; nothing is downloaded or started."""
    return [finding for check in CHECKS for finding in check(config)]


def _sightline(_: Config) -> Iterator[Finding]:
    version = metadata.version("sightline-stack")
    yield Finding(subject="sightline", verdict="ok", text=f"{version}, {artifacts.ROOT}")


def _python(_: Config) -> Iterator[Finding]:
    text = f"{platform.python_version()}, {sys.executable}"
    if sys.version_info >= OLDEST_PYTHON:
        yield Finding(subject="python", verdict="ok", text=text)
    else:
        yield Finding(subject="python", verdict="bad", text=f"{text}: 3.11 or newer is needed")


def _system(_: Config) -> Iterator[Finding]:
    name, version = platform.libc_ver()
    text = f"{platform.system()} {platform.machine()}, {name} {version}".rstrip(", ")
    yield Finding(subject="system", verdict="ok", text=text)


def _programs(config: Config) -> Iterator[Finding]:
    for name in ("prometheus", "alertmanager"):
        skipped: list[str] = []
        try:
            found = binaries.find(name, config.without_downloads(), report=skipped.append)
        except ConfigurationError as error:
            yield Finding(subject=name, verdict="bad", text=str(error))
        except BinaryUnavailable as missing:
            text = "not installed; the first `up` downloads it"
            yield (
                Finding(subject=name, verdict="bad", text=str(missing))
                if config.offline
                else _finding(name, skipped, text, complete=False)
            )
        else:
            text = f"{found}: {found.path}{_advice(found)}"
            yield _finding(name, skipped, text, complete=not found.packaged)


def _advice(found: Binary) -> str:
    """Return the next step for a package, which took the place of the pinned release."""
    if not found.packaged:
        return ""
    release = binaries.PROGRAMS[found.name].release
    return f"; for release {release}, remove {found.path.parent} and run {command('up')} again"


def _real_programs(config: Config) -> Iterator[Finding]:
    path = config.environ.get("PATH")
    skipped: list[str] = []
    installed = jaeger.find(path, skipped.append)
    absent = _STORE if skipped else f"not on PATH; {_STORE}"
    text = f"{installed}: {installed.path}" if installed else absent
    yield _finding("jaeger", skipped, text, complete=installed is not None)
    skipped = []
    real = grafana.find(path, skipped.append)
    text = str(real or "the stand-in is the viewer")
    yield _finding("grafana", skipped, text, complete=real is not None)


def _finding(subject: str, skipped: list[str], text: str, *, complete: bool) -> Finding:
    """Return the finding of a program; *skipped* are messages about others of its name."""
    verdict: Verdict = "ok" if complete and not skipped else "note"
    return Finding(subject=subject, verdict=verdict, text="; ".join([*skipped, text]))


def _docker(config: Config) -> Iterator[Finding]:
    try:
        Docker(config).require_engine()
    except DockerUnusable as reason:
        text = f"{reason}; the stack runs as processes"
        yield Finding(subject="docker", verdict="note", text=text)
    else:
        yield Finding(subject="docker", verdict="ok", text="an engine answers")


def _ports(config: Config) -> Iterator[Finding]:
    state = _read_state(config)
    ours = (
        {port for status in state.roles.values() for _, port in status.role.ports} if state else ()
    )
    taken = [(name, port) for name, port in config.ports if not ports.free(port)]
    foreign = [(name, port) for name, port in taken if port not in ours]
    for name, port in foreign:
        text = f"{port} is {ports.holder(port)}; stop that, or set {name.upper()}_PORT"
        yield Finding(subject=f"port of {name}", verdict="bad", text=text)
    if not foreign:
        text = "held by this stack" if taken else "all free"
        yield Finding(subject="ports", verdict="ok", text=text)


def _state(config: Config) -> Iterator[Finding]:
    folder = Folder(config.state)
    try:
        folder.verify()
        folder.read()
    except ConfigurationError as error:
        yield Finding(subject="state", verdict="bad", text=str(error))


def _read_state(config: Config) -> State | None:
    try:
        return Folder(config.state).read()
    except ConfigurationError:  # reported by `_state`
        return None


def _leftovers(config: Config) -> Iterator[Finding]:
    folder = Folder(config.state)
    state = _read_state(config)
    if not state or folder.supervised:
        return
    left = [name for name, status in state.roles.items() if process.alive(status.process)]
    text = f"a killed supervisor left {', '.join(left) or 'its state'}: {command('down')} cleans up"
    yield Finding(subject="leftovers", verdict="note", text=text)


def _disk(config: Config) -> Iterator[Finding]:
    for subject, folder in (("state", config.state), ("cache", config.cache)):
        free = shutil.disk_usage(_nearest_existing(folder)).free
        text = f"{free >> 30} GB free at {folder}"
        if free >= NEEDED_BYTES:
            yield Finding(subject=subject, verdict="ok", text=text)
        else:
            advice = f"; a busy stack takes up to {NEEDED_BYTES >> 30} GB"
            yield Finding(subject=subject, verdict="note", text=text + advice)


def _clock(_: Config) -> Iterator[Finding]:
    now = time.strftime("%Y-%m-%d %H:%M:%S %Z")
    if time.time() < artifacts.ENV_FILE.stat().st_mtime:
        text = f"{now} is before this checkout was made: set the clock, or queries find nothing"
        yield Finding(subject="clock", verdict="bad", text=text)
    else:
        yield Finding(subject="clock", verdict="ok", text=now)


def _files(_: Config) -> Iterator[Finding]:
    limit, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY or limit >= NEEDED_FILES:
        yield Finding(subject="open files", verdict="ok", text=f"{limit} a process")
    else:
        text = f"{limit} a process: `ulimit -n {NEEDED_FILES}` before {command('up')}"
        yield Finding(subject="open files", verdict="note", text=text)


def _nearest_existing(folder: Path) -> Path:
    """Return *folder* or its nearest existing parent."""
    return next(place for place in (folder, *folder.parents) if place.is_dir())


CHECKS: Final[tuple[Callable[[Config], Iterator[Finding]], ...]] = (
    *(_sightline, _python, _system, _programs, _real_programs, _docker),
    *(_state, _ports, _leftovers, _disk, _clock, _files),
)
