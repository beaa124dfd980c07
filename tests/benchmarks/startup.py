"""How long `sightline up` takes: `python -m tests.benchmarks.startup` starts three stacks in a row.

A start that was done before: everything is set up and fetched, nothing runs.
"""

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.stacks import LocalStack
from tests.waiting import until

TRIES = 3
FIRST_QUERY = "sum(job:http_server_requests:rate) > 0"
"""What the first panel of the fleet dashboard asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start, in seconds from the command."""

    ready_seconds: float
    """The command returned: every role was healthy."""
    data_seconds: float
    """The first query of the dashboards had an answer."""

    def __str__(self) -> str:
        """Both, for people."""
        return f"ready after {self.ready_seconds:.1f} s, first data after {self.data_seconds:.1f} s"


def measure(state: Path) -> Start:
    """Start a whole stack in the folder *state*, wait for data, and stop it."""
    stack = LocalStack.beside_others(state)
    began = time.monotonic()
    try:
        stack.up()
        ready = time.monotonic() - began
        until(lambda: answered(stack), within_seconds=60)
        return Start(ready_seconds=ready, data_seconds=time.monotonic() - began)
    finally:
        stack.down()


def answered(stack: LocalStack) -> bool:
    """Whether the first query of the dashboards has an answer."""
    answer = stack.ask("prometheus", "/api/v1/query", params={"query": FIRST_QUERY}).json()
    return bool(answer["data"]["result"])


def main() -> None:
    """Print three starts and the best of them."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")  # noqa: T201  the report
    starts = []
    for _ in range(TRIES):
        with tempfile.TemporaryDirectory() as folder:
            starts.append(measure(Path(folder)))
        print(starts[-1], flush=True)  # noqa: T201  the report
    print(f"best: {min(start.data_seconds for start in starts):.1f} s")  # noqa: T201  the report


if __name__ == "__main__":
    main()
