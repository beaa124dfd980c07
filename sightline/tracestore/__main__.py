"""`python -m sightline.tracestore`: run the trace store until SIGTERM or SIGINT."""

import asyncio
import logging
import os
import sqlite3
import sys

from sightline.errors import SightlineError
from sightline.tracestore.log import RepeatLimit, is_no_cancellation
from sightline.tracestore.server import serve
from sightline.tracestore.settings import Settings
from sightline.tracestore.storage.memory import keep_little_free_memory


def main() -> int:
    """Run the trace store; return 1 if it cannot start."""
    handler = logging.StreamHandler()
    handler.addFilter(is_no_cancellation)
    handler.addFilter(RepeatLimit())
    logging.basicConfig(
        level=logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
        handlers=[handler],
    )
    keep_little_free_memory()
    try:
        asyncio.run(serve(Settings.from_env(os.environ)))
    except SightlineError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (OSError, sqlite3.Error) as error:
        advice = "free space on that disk, or set TRACESTORE_PATH to a file on another one"
        sys.stderr.write(f"trace store: {error}; {advice}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
