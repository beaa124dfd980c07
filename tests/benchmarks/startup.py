"""Duration of `sightline up`. `python -m tests.benchmarks.startup` starts three stacks in sequence.

Everything is installed and fetched before, and no role runs.
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
"""Query of the first panel of the fleet dashboard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Times of one start, in seconds after the command."""

    ready_seconds: float
    """Time until every role is healthy and the command returns."""
    data_seconds: float
    """Time until the first query of the dashboards has a result."""

    def __str__(self) -> str:
        """Return both times as text."""
        return f"ready after {self.ready_seconds:.1f} s, first data after {self.data_seconds:.1f} s"


def measure(state: Path) -> Start:
    """Start a stack in the folder *state*, wait for data, and stop it."""
    stack = LocalStack.beside_others(state)
    began = time.monotonic()
    try:
        stack.up()
        ready = time.monotonic() - began
        until(lambda: has_data(stack), within_seconds=60)
        return Start(ready_seconds=ready, data_seconds=time.monotonic() - began)
    finally:
        stack.down()


def has_data(stack: LocalStack) -> bool:
    """Return true if the first query of the dashboards has a result."""
    answer = stack.ask("prometheus", "/api/v1/query", params={"query": FIRST_QUERY}).json()
    return bool(answer["data"]["result"])


def main() -> None:
    """Print the times of all starts and the best one."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")  # noqa: T201  the report
    starts = []
    for _ in range(TRIES):
        with tempfile.TemporaryDirectory() as folder:
            starts.append(measure(Path(folder)))
        print(starts[-1], flush=True)  # noqa: T201  the report
    print(f"best: {min(start.data_seconds for start in starts):.1f} s")  # noqa: T201  the report


if __name__ == "__main__":
    main()
