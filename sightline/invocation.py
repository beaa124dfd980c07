"""Shell command of this installation, for messages with a next step."""

import shlex
import shutil
import sys
from pathlib import Path


def command(words: str) -> str:
    """Return the shell command that runs *words*, like ``up users``, in backticks.

    It is valid in the working directory of this process.
    """
    return f"`{_program()} {words}`"


def _program() -> str:
    script = Path(sys.executable).with_name("sightline")
    if not script.is_file():
        return f"{_quote_path(Path(sys.executable))} -m sightline"
    found = shutil.which(script.name)
    return script.name if found and script.samefile(found) else _quote_path(script)


def _quote_path(path: Path) -> str:
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
