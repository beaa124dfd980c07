"""Entry of the command line: `sightline` and `python -m sightline`.

The base installation contains the library's dependencies only. Every module that needs another
one is imported below this entry, so that a missing dependency is one line instead of a traceback.
"""

import sys
from typing import Final

EXTRA: Final = "sightline-stack[stack]"


def main() -> int:
    """Run the command line; return its exit status, 1 if the extra is not installed."""
    try:
        from sightline import cli

        return cli.main()
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing.partition(".")[0] in {"sightline", "instrumentation"}:
            raise
        sys.stderr.write(
            f"sightline: this command needs {missing}, which is not installed; "
            f"run: pip install '{EXTRA}'\n"
        )
        return 1


if __name__ == "__main__":
    sys.exit(main())
