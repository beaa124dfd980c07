"""Subject with exited workers. For each input line, it prints the CPU of a scrape in seconds.

::

    python -m tests.benchmarks.subject_forked VARIANT DEAD

The process forks one worker after the other, as a server does. Each starts, has samples, serves a
request and exits. Only the last one keeps running.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI

from tests.benchmarks.series import fill
from tests.benchmarks.services import small
from tests.benchmarks.subject_direct import send_request
from tests.benchmarks.subjects import print_line
from tests.benchmarks.variants import VARIANTS

LIFESPAN = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}

Life = Callable[[FastAPI], Awaitable[None]]


def main(variant: str, dead: str) -> None:
    """Run the workers that exit, then the one that is measured."""
    app = small()
    for _ in range(int(dead)):
        run_worker(app, variant, serve_one_request)
    run_worker(app, variant, serve_scrapes)


def run_worker(app: FastAPI, variant: str, life: Life) -> None:
    """Fork a worker and wait until it exits."""
    child = os.fork()
    if child:
        if os.waitpid(child, 0)[1]:
            raise SystemExit(1)
        return
    instrumented = VARIANTS[variant](app)
    fill(instrumented.registry)
    asyncio.run(run_lifespan(app, life))
    os._exit(0)


async def run_lifespan(app: FastAPI, life: Life) -> None:
    """Start *app*, run *life*, and stop the app, as a server does."""
    to_app: asyncio.Queue[Any] = asyncio.Queue()
    from_app: asyncio.Queue[Any] = asyncio.Queue()
    lifespan = asyncio.create_task(app(dict(LIFESPAN), to_app.get, from_app.put))
    await to_app.put({"type": "lifespan.startup"})
    await from_app.get()
    await life(app)
    await to_app.put({"type": "lifespan.shutdown"})
    await lifespan


async def serve_one_request(app: FastAPI) -> None:
    """Serve one request."""
    await send_request(app)


async def serve_scrapes(app: FastAPI) -> None:
    """Serve one scrape per line of input."""
    await send_request(app)
    print_line("ready")
    for _ in sys.stdin:
        started = time.process_time()
        await send_request(app, "/metrics")
        print_line(time.process_time() - started)


if __name__ == "__main__":
    main(*sys.argv[1:])
