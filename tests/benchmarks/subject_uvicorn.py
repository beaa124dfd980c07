"""Subject behind uvicorn, one worker on its own core. It prints its port.

::

    python -m tests.benchmarks.subject_uvicorn VARIANT LABEL_SETS CORE
"""

import gc
import logging
import os
import socket
import sys
from threading import Thread

import uvicorn

from tests.benchmarks.series import fill
from tests.benchmarks.services import small
from tests.benchmarks.subjects import print_line
from tests.benchmarks.variants import VARIANTS


def main(variant: str, label_sets: str, core: str) -> None:
    """Serve until standard input ends."""
    os.sched_setaffinity(0, {int(core)})
    logging.disable(logging.CRITICAL)
    app = small()
    instrumented = VARIANTS[variant](app)
    fill(instrumented.registry, int(label_sets))
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False))

    def stop_with_input() -> None:
        sys.stdin.read()
        server.should_exit = True

    Thread(target=stop_with_input, daemon=True).start()
    gc.collect()
    gc.freeze()  # imported modules are not garbage of a request
    print_line(listener.getsockname()[1])
    server.run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
