"""Subjects: processes to measure side by side. Each one prints a line per line of input.

A subject exits when its standard input ends, so that none survives the benchmark.
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
"""Environment without settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Case to measure: a process with arguments and environment."""

    module: str
    """Module of this package. Its docstring describes the output."""
    arguments: tuple[object, ...]
    environ: Mapping[str, str]
    """Variables that are added to the environment."""


class Subject:
    """Process of a case, as a context manager that kills it at the end."""

    def __init__(self, case: Case, environ: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"tests.benchmarks.{case.module}", *map(str, case.arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environ, **case.environ},
        )
        self.greeting = ""
        """First line of output, printed when the process is ready."""

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

    def read_line(self) -> str:
        """Return the next line of output.

        Raises:
            RuntimeError: The process exited.
        """
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args!r} exited; run it by hand to see why")
        return line.strip()

    def ask(self) -> str:
        """Send a line of input and return the next line of output."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self.read_line()


@contextmanager
def start_subjects(
    cases: Mapping[Key, Case], environ: Mapping[str, str]
) -> Iterator[dict[Key, Subject]]:
    """Start the subjects of *cases*, with *environ* added to the environment."""
    with ExitStack() as started:
        subjects = {
            key: started.enter_context(Subject(case, environ)) for key, case in cases.items()
        }
        for subject in subjects.values():
            subject.greeting = subject.read_line()
        yield subjects


def export_environment(collector: Collector) -> dict[str, str]:
    """Return an environment that exports spans to *collector*."""
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.http_endpoint, "OTEL_SERVICE_NAME": "bench"}


def print_line(answer: object) -> None:
    """Print one line of a subject."""
    sys.stdout.write(f"{answer}\n")
    sys.stdout.flush()
