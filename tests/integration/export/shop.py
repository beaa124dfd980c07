"""Service as a user writes it, run by the servers of `test_signals.py`."""

import asyncio
import os
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from instrumentation import instrument

app = FastAPI()
instrument(app)

# Imported after the set-up, as libraries may do: its fork hooks are then the newest.
import concurrent.futures.thread  # noqa: E402, F401  see above


@app.get("/ticks")
async def ticks() -> StreamingResponse:
    """Stream until the client disconnects."""

    async def endless() -> AsyncIterator[str]:
        while True:
            yield "tick\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(endless())


@app.get("/pid")
async def pid() -> int:
    """Return the process id of the worker."""
    return os.getpid()
