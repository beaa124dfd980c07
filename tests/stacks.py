"""Whole stacks for tests: `sightline up --local` with ports and a state folder of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import requests

from sightline.config import Config, Ports
from sightline.local import process
from sightline.local.folder import Folder
from sightline.local.process import Identity
from sightline.local.state import State
from tests import tokens
from tests.freezing import freeze
from tests.ports import free_ports

UP_WITHIN_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class LocalStack:
    """Stack that the tests control through the command line."""

    environ: Mapping[str, str]
    """Environment of the command."""

    @classmethod
    def beside_others(cls, state: Path, **environ: str) -> "LocalStack":
        """Return a stack on free ports with the state directory *state* and *environ*."""
        names = [f"{field.name.upper()}_PORT" for field in fields(Ports)]
        ports = dict(zip(names, map(str, free_ports(len(names))), strict=True))
        return cls({**os.environ, **ports, "SIGHTLINE_STATE": str(state), **environ})

    @property
    def config(self) -> Config:
        """Configuration of the command in this environment."""
        return Config.from_env(self.environ)

    @property
    def folder(self) -> Folder:
        """State directory of the stack."""
        return Folder(self.config.state)

    @property
    def state(self) -> State:
        """Return the last published state.

        Raises:
            LookupError: There is no state.
        """
        state = self.folder.read()
        if state is None:
            raise LookupError(f"no stack runs from {self.config.state}")
        return state

    def sightline(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        with self.begin(*arguments) as command:
            out, err = command.communicate(timeout=UP_WITHIN_SECONDS)
        return subprocess.CompletedProcess(arguments, command.returncode, out, err)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command and return at once."""
        return subprocess.Popen(
            [sys.executable, "-m", "sightline.cli", *arguments],
            env=dict(self.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def up(self, *roles: str) -> "LocalStack":
        """Start *roles*, all unless named, and wait until they are healthy.

        Raises:
            RuntimeError: With what the command said.
        """
        done = self.sightline("up", "--local", *roles)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        return self

    def down(self) -> None:
        """Stop everything."""
        self.sightline("down")

    def process(self, role: str) -> Identity:
        """The process that plays *role*."""
        return self.state.roles[role].process

    def kill(self, role: str) -> None:
        """End the process of *role* at once."""
        os.kill(self.process(role).pid, signal.SIGKILL)

    def freeze(self, role: str) -> None:
        """Stop the process of *role* with SIGSTOP: its port stays open without responses."""
        freeze(self.process(role).pid)

    def thaw(self, role: str) -> None:
        """Let the process of *role* go on."""
        os.kill(self.process(role).pid, signal.SIGCONT)

    def url(self, port: str, path: str = "") -> str:
        """Address of *path* on the port that *port* names, like ``gateway`` or ``jaeger_query``."""
        return f"http://127.0.0.1:{getattr(self.config.ports, port)}{path}"

    def ask(self, port: str, path: str, **request: Any) -> requests.Response:  # noqa: ANN401  arguments of requests
        """Return the response of *port* to a GET, or to the request that *request* describes.

        Raises:
            OSError: The port is closed.
        """
        request = {"method": "GET", "timeout": 10.0, **request}
        with requests.Session() as session:
            session.trust_env = False  # no proxy for loopback
            return session.request(url=self.url(port, path), **request)

    def token(self) -> dict[str, str]:
        """Return the header with a token that allows everything in the shop."""
        return tokens.bearer(self.url("gateway"))


@contextmanager
def running(state: Path, *roles: str, **environ: str) -> Iterator[LocalStack]:
    """Yield a stack of *roles*, by default all; stop it at the end."""
    stack = LocalStack.beside_others(state, **environ)
    try:
        yield stack.up(*roles)
    finally:
        stack.down()


def alive(state: State) -> list[str]:
    """Roles whose processes run, and the supervisor."""
    processes = {name: status.process for name, status in state.roles.items()}
    processes["supervisor"] = state.supervisor
    return sorted(name for name, identity in processes.items() if process.alive(identity))
