"""A service as a user writes it, for the servers that `test_signals.py` starts."""

import os

from fastapi import FastAPI

from instrumentation import instrument

app = FastAPI()
instrument(app)


@app.get("/pid")
async def pid() -> int:
    """Which worker answers."""
    return os.getpid()
