"""`sightline doctor`: what this machine has for a stack, what it lacks, and what to do about it."""

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

from sightline import artefacts, binaries
from sightline.config import Config
from sightline.docker import Docker, DockerUnusable
from sightline.errors import BinaryUnavailable, ConfigurationError
from sightline.invocation import command
from sightline.local import ports, process
from sightline.local.folder import Folder
from sightline.local.state import State

Verdict = Literal["ok", "note", "bad"]
"""Fine; works, but not as well as it could; the stack cannot run."""

OLDEST_PYTHON: Final = (3, 11)
NEEDED_BYTES: Final = 4 << 30
"""Metrics 2 GB (prometheus.flags), traces 1 GB, programs and logs."""
NEEDED_FILES: Final = 1024
"""Open files of one process; Prometheus maps a file for each block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing about this machine."""

    subject: str
    verdict: Verdict
    text: str
    """What is the case and, unless it is fine, what to do."""


def examine(config: Config) -> list[Finding]:
    """Look at everything that a stack of *config* needs; nothing is fetched or started."""
    return [finding for check in CHECKS for finding in check(config)]


def _sightline(_: Config) -> Iterator[Finding]:
    version = metadata.version("sightline-stack")
    yield Finding(subject="sightline", verdict="ok", text=f"{version}, {artefacts.ROOT}")


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
        try:
            found = binaries.find(name, config.without_downloads())
        except ConfigurationError as error:
            yield Finding(subject=name, verdict="bad", text=str(error))
        except BinaryUnavailable as missing:
            verdict: Verdict = "bad" if config.offline else "note"
            text = str(missing) if config.offline else "not here yet: the first `up` fetches it"
            yield Finding(subject=name, verdict=verdict, text=text)
        else:
            yield Finding(subject=name, verdict="ok", text=f"{found}: {found.path}")
    for name, stand_in in (("jaeger", "the trace store"), ("grafana", "the viewer")):
        there = shutil.which(name, path=config.environ.get("PATH"))
        text = there or f"not on PATH: {stand_in} stands in"
        yield Finding(subject=name, verdict="ok" if there else "note", text=text)


def _docker(config: Config) -> Iterator[Finding]:
    try:
        Docker(config).require_engine()
    except DockerUnusable as reason:
        text = f"{reason}; the stack runs as processes"
        yield Finding(subject="docker", verdict="note", text=text)
    else:
        yield Finding(subject="docker", verdict="ok", text="an engine answers")


def _ports(config: Config) -> Iterator[Finding]:
    state = _recorded(config)
    ours = (
        {port for status in state.roles.values() for _, port in status.role.ports} if state else ()
    )
    taken = [(name, port) for name, port in config.ports if not ports.free(port)]
    strangers = [(name, port) for name, port in taken if port not in ours]
    for name, port in strangers:
        text = f"{port} is {ports.holder(port)}; stop that, or set {name.upper()}_PORT"
        yield Finding(subject=f"port of {name}", verdict="bad", text=text)
    if not strangers:
        text = "held by this stack" if taken else "all free"
        yield Finding(subject="ports", verdict="ok", text=text)


def _state(config: Config) -> Iterator[Finding]:
    folder = Folder(config.state)
    try:
        folder.verify()
        folder.read()
    except ConfigurationError as error:
        yield Finding(subject="state", verdict="bad", text=str(error))


def _recorded(config: Config) -> State | None:
    try:
        return Folder(config.state).read()
    except ConfigurationError:  # `_state` says it
        return None


def _left_over(config: Config) -> Iterator[Finding]:
    folder = Folder(config.state)
    state = _recorded(config)
    if not state or folder.supervised:
        return
    left = [name for name, status in state.roles.items() if process.alive(status.process)]
    text = f"a killed supervisor left {', '.join(left) or 'its state'}: {command('down')} cleans up"
    yield Finding(subject="leftovers", verdict="note", text=text)


def _disk(config: Config) -> Iterator[Finding]:
    for subject, folder in (("state", config.state), ("cache", config.cache)):
        free = shutil.disk_usage(_existing(folder)).free
        text = f"{free >> 30} GB free at {folder}"
        if free >= NEEDED_BYTES:
            yield Finding(subject=subject, verdict="ok", text=text)
        else:
            advice = f"; a busy stack takes up to {NEEDED_BYTES >> 30} GB"
            yield Finding(subject=subject, verdict="note", text=text + advice)


def _clock(_: Config) -> Iterator[Finding]:
    now = time.strftime("%Y-%m-%d %H:%M:%S %Z")
    if time.time() < artefacts.ENV_FILE.stat().st_mtime:
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


def _existing(folder: Path) -> Path:
    """The nearest folder on the way to *folder* that is there."""
    return next(place for place in (folder, *folder.parents) if place.is_dir())


CHECKS: Final[tuple[Callable[[Config], Iterator[Finding]], ...]] = (
    *(_sightline, _python, _system, _programs, _docker),
    *(_state, _ports, _left_over, _disk, _clock, _files),
)
