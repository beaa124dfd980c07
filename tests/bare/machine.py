"""Bare machines: an operating system and nothing else, as containers of the test engine."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sightline.artifacts import ROOT
from tests.docker.engine import CommandError, run

USER = "newcomer"
HOME = f"/home/{USER}/sightline"
INSTALL = "apt-get -qq install -y --no-install-recommends"
INSTALL_WITHIN_SECONDS = 600
COMMAND_WITHIN_SECONDS = 2400


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """An operating system as its makers ship it, with another Python if one is named."""

    name: str
    suite: str
    """Debian's name of the release."""
    python: str = ""
    """Version of the Python that this machine lends, like ``3.12``; empty for Debian's own."""

    def __str__(self) -> str:
        """Return the name, for test ids."""
        return self.name


@dataclass(frozen=True, slots=True)
class Machine:
    """A container that stands for a machine."""

    name: str

    def root(self, command: str) -> str:
        """Run *command* as an administrator would."""
        shell = ["docker", "exec", self.name, "sh", "-euc", command]
        return run(shell, within_seconds=INSTALL_WITHIN_SECONDS)

    def user(self, command: str) -> str:
        """Run *command* in the checkout, as a user without root.

        Raises:
            CommandError: With what it said.
        """
        who = ["--user", USER, "--workdir", HOME]
        shell = ["docker", "exec", *who, self.name, "sh", "-euc", f"{{ {command}; }} 2>&1"]
        return run(shell, within_seconds=COMMAND_WITHIN_SECONDS)


@contextmanager
def running(system: System) -> Iterator[Machine]:
    """A machine with *system*, Python, make and this checkout as committed; no root is needed."""
    machine = Machine(f"sightline-{system}-{os.getpid()}")
    lent = ["--volume", f"{_prefix(system.python)}:/usr/local:ro"] if system.python else []
    certificates = ["--env", "PIP_CERT"] if os.environ.get("PIP_CERT") else []
    options = ["--detach", "--init", "--name", machine.name, *lent, *certificates]
    run(["docker", "run", *options, _image(system.suite), "sleep", "infinity"])
    try:
        machine.root(f"apt-get -qq update && {INSTALL} python3 make")
        machine.root("ldconfig")  # a Python that is lent has its library in /usr/local/lib
        machine.root(f"useradd --create-home {USER} && install -d -o {USER} {HOME}")
        _give_checkout(machine)
        yield machine
    finally:
        run(["docker", "rm", "--force", machine.name])


def _give_checkout(machine: Machine) -> None:
    unpack = f"docker exec --interactive --user {USER} {machine.name} tar -x -C {HOME}"
    run(["sh", "-c", f"git -C {ROOT} archive HEAD | {unpack}"])


def _prefix(version: str) -> Path:
    """Return the folder of a Python *version* of this machine that can run in another place.

    Raises:
        FileNotFoundError: There is none.
    """
    name = f"python{version}"
    built = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/{name}"))
    candidates = [Path(found) for found in (shutil.which(name), *map(str, built)) if found]
    prefixes = [candidate.resolve().parent.parent for candidate in candidates]
    usable = [prefix for prefix in prefixes if prefix != Path("/usr")]
    if not usable:
        raise FileNotFoundError(f"no Python {version} with a folder of its own, as pyenv builds")
    return usable[-1]


def _image(suite: str) -> str:
    """Return the name of an image with a minimal Debian, which is made or fetched once."""
    if not shutil.which("mmdebstrap"):
        run(["docker", "pull", f"debian:{suite}-slim"], within_seconds=INSTALL_WITHIN_SECONDS)
        return f"debian:{suite}-slim"
    name = f"sightline-bare:{suite}"
    try:
        run(["docker", "image", "inspect", name])
    except CommandError:
        run(["docker", "import", str(_tree(suite)), name], within_seconds=INSTALL_WITHIN_SECONDS)
    return name


def _tree(suite: str) -> Path:
    """Return an archive of a minimal Debian, made from packages once and then kept."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sightline-ci"
    cache.mkdir(parents=True, exist_ok=True)
    archive, part = cache / f"{suite}.tar", cache / f"{suite}.part"
    if not archive.exists():
        certificates = "etc/ssl/certs/ca-certificates.crt"
        copied = f"--customize-hook=cp /{certificates} $1/{certificates}"
        kind = ("--quiet", "--format=tar", "--variant=minbase", "--include=ca-certificates")
        command = ["mmdebstrap", *kind, *_options_of_mirror(), copied, suite, str(part)]
        run(command, within_seconds=INSTALL_WITHIN_SECONDS)
        part.rename(archive)
    return archive


def _options_of_mirror() -> list[str]:
    """Return what this machine's apt is told about the age of its mirror."""
    asked = ["apt-config", "dump", "Acquire::Check-Valid-Until"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    return [f"--aptopt={line}" for line in said.splitlines()]
