"""``python -m instrumentation -- COMMAND``: run a service with zero-code instrumentation.

Every FastAPI and Starlette app of COMMAND is instrumented at its first call. Child processes, like
uvicorn's workers, inherit it.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

USAGE = "usage: python -m instrumentation -- COMMAND [ARGUMENT…], as in -- uvicorn app:app"


def main(arguments: list[str]) -> None:
    """Replace this process by the command in *arguments*, with `_zero_code` first on its path.

    Exits with a message if there is no command, no Starlette, or the command cannot be run.
    """
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command or command[0].startswith("-"):
        sys.exit(USAGE)
    if find_spec("starlette") is None:
        sys.exit("zero-code instrumentation needs Starlette or FastAPI")
    startup = str(Path(__file__).parent / "_zero_code")
    path = os.environ.get("PYTHONPATH", "")
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (startup, path)))}
    command = _with_this_python(command)
    try:
        os.execvpe(command[0], command, environ)  # noqa: S606  the user's own command, no shell
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}; {USAGE}")


def _with_this_python(command: list[str]) -> list[str]:
    """Return *command*, changed to use this interpreter if it is Python or a package like uvicorn.

    Neither needs to be on ``PATH``.
    """
    name, *rest = command
    if name in {"python", "python3"}:
        return [sys.executable, *rest]
    spec = find_spec(name) if name.isidentifier() else None
    package = spec is not None and spec.submodule_search_locations is not None
    return [sys.executable, "-m", *command] if package else command


if __name__ == "__main__":
    main(sys.argv[1:])
