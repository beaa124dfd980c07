"""Processes to measure, side by side: each is one case, and answers a line with a line.

A subject ends when its standard input does: none outlives the benchmark, however that ends.
"""

import os
import subprocess
import sys
from collections.abc import Hashable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TypeVar

from tests.fakes import Collector

Key = TypeVar("Key", bound=Hashable)

PLAIN: Final[Mapping[str, str]] = {}
"""An environment in which nothing is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What to start."""

    module: str
    """Of this package; its docstring says what it answers."""
    arguments: tuple[object, ...]
    environ: Mapping[str, str]
    """On top of everybody's."""


class Subject:
    """The process of a case; a context manager, at whose end it is gone."""

    def __init__(self, case: Case, environ: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"tests.benchmarks.{case.module}", *map(str, case.arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environ, **case.environ},
        )
        self.greeting = ""
        """What it said when it was ready."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def heard(self) -> str:
        """The next line it says.

        Raises:
            RuntimeError: It died.
        """
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args!r} died; run it by hand to see why")
        return line.strip()

    def asked(self) -> str:
        """What it answers when it is told to go on."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self.heard()


@contextmanager
def side_by_side(
    cases: Mapping[Key, Case], environ: Mapping[str, str]
) -> Iterator[dict[Key, Subject]]:
    """The subjects of *cases*, ready, with *environ* on top of ours."""
    with ExitStack() as started:
        subjects = {
            key: started.enter_context(Subject(case, environ)) for key, case in cases.items()
        }
        for subject in subjects.values():
            subject.greeting = subject.heard()
        yield subjects


def exporting_to(collector: Collector) -> dict[str, str]:
    """The environment of subjects whose spans go to *collector*."""
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.http_endpoint, "OTEL_SERVICE_NAME": "bench"}


def say(answer: object) -> None:
    """One line from a subject to whoever started it."""
    sys.stdout.write(f"{answer}\n")
    sys.stdout.flush()
