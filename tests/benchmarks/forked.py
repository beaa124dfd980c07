"""A subject whose predecessors are dead: each line is a scrape, answered with its CPU in seconds.

::

    python -m tests.benchmarks.forked VARIANT DEAD

A server, as far as the workers can tell, forks one after the other; each starts, has samples,
answers a request and ends. Only the last stays.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI

from tests.benchmarks.called import ask
from tests.benchmarks.series import fill
from tests.benchmarks.services import small
from tests.benchmarks.subjects import say
from tests.benchmarks.variants import VARIANTS

LIFESPAN = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}

Life = Callable[[FastAPI], Awaitable[None]]


def main(variant: str, dead: str) -> None:
    """Let the workers live, then the one that is asked."""
    app = small()
    for _ in range(int(dead)):
        live(app, variant, short)
    live(app, variant, answering)


def live(app: FastAPI, variant: str, life: Life) -> None:
    """A worker from its fork to its end."""
    child = os.fork()
    if child:
        if os.waitpid(child, 0)[1]:
            raise SystemExit(1)
        return
    watched = VARIANTS[variant](app)
    fill(watched.registry)
    asyncio.run(through_lifespan(app, life))
    os._exit(0)


async def through_lifespan(app: FastAPI, life: Life) -> None:
    """Start *app*, let it live, stop it; as a server does."""
    told: asyncio.Queue[Any] = asyncio.Queue()
    said: asyncio.Queue[Any] = asyncio.Queue()
    lifespan = asyncio.create_task(app(dict(LIFESPAN), told.get, said.put))
    await told.put({"type": "lifespan.startup"})
    await said.get()
    await life(app)
    await told.put({"type": "lifespan.shutdown"})
    await lifespan


async def short(app: FastAPI) -> None:
    """A life with one request."""
    await ask(app)


async def answering(app: FastAPI) -> None:
    """A life of scrapes."""
    await ask(app)
    say("ready")
    for _ in sys.stdin:
        started = time.process_time()
        await ask(app, "/metrics")
        say(time.process_time() - started)


if __name__ == "__main__":
    main(*sys.argv[1:])
