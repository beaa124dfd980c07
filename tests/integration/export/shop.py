"""A service as a user writes it, for the servers that `test_signals.py` starts."""

import asyncio
import os
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from instrumentation import instrument

app = FastAPI()
instrument(app)

# As a library may do, after the service was set up: its hooks in forked workers are newer then.
import concurrent.futures.thread  # noqa: E402, F401  see above


@app.get("/ticks")
async def ticks() -> StreamingResponse:
    """Goes on until somebody has enough."""

    async def endless() -> AsyncIterator[str]:
        while True:
            yield "tick\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(endless())


@app.get("/pid")
async def pid() -> int:
    """Which worker answers."""
    return os.getpid()
