"""Work in a forked child process."""

import os
from collections.abc import Callable


def said_in_child(work: Callable[[], object]) -> str:
    """Run *work* in a forked child, wait until it exits, and return the result as text."""
    reading, writing = os.pipe()
    process = os.fork()
    if not process:
        try:
            os.write(writing, str(work()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        result = pipe.read().decode()
    os.waitpid(process, 0)
    return result
