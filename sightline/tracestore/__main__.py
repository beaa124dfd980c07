"""`python -m sightline.tracestore`: the trace store, until it is told to stop."""

import asyncio
import logging
import os
import sqlite3
import sys

from sightline.errors import SightlineError
from sightline.tracestore.server import serve
from sightline.tracestore.settings import Settings


def main() -> int:
    """Run; 1 if it could not start."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(serve(Settings.from_env(os.environ)))
    except SightlineError as error:
        print(error, file=sys.stderr)  # noqa: T201  the user's message
        return 1
    except (OSError, sqlite3.Error) as error:
        advice = "free some space there, or set TRACESTORE_PATH to a file elsewhere"
        print(f"trace store: {error}; {advice}", file=sys.stderr)  # noqa: T201  as above
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
