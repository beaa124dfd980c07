"""``python -m instrumentation -- COMMAND``: a service is instrumented without a line of its own.

FastAPI and Starlette apps that COMMAND makes are instrumented as they are made. Child processes,
like uvicorn's workers, inherit it.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

USAGE = "usage: python -m instrumentation -- COMMAND [ARGUMENT…], as in -- uvicorn app:app"


def main(arguments: list[str]) -> None:
    """Become *arguments*, with the start-up folder of ours in front of Python's path."""
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command or find_spec("starlette") is None:
        sys.exit(USAGE if not command else "zero-code instrumentation needs Starlette or FastAPI")
    startup = str(Path(__file__).parent / "_zero_code")
    path = os.environ.get("PYTHONPATH", "")
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (startup, path)))}
    command = [sys.executable, "-m", *command] if _module(command[0]) else command
    os.execvpe(command[0], command, environ)  # noqa: S606  the user's own command, no shell


def _module(name: str) -> bool:
    """Whether *name* is a module of this very Python, like uvicorn: it need not be on PATH."""
    return "/" not in name and name not in {"python", "python3"} and find_spec(name) is not None


if __name__ == "__main__":
    main(sys.argv[1:])
