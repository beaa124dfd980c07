"""Service with all signals enabled that forks under load. Arguments: way to fork, number."""
# ruff: noqa: E402  imports after the set-up are the case under test

import faulthandler
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable

from fastapi import FastAPI

from instrumentation import instrument

telemetry = instrument(FastAPI(title="forking"))

# Imported after the set-up, as libraries may do: its fork hooks are newer than those of the SDK.
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

from prometheus_client import Counter, generate_latest

DONE = Counter("done", "Work that is done.", ["who"], registry=telemetry.registry)
LOGGER = logging.getLogger("forking")
LOGGER.addHandler(logging.NullHandler())  # a child may inherit a stream's lock in acquired state


def work(who: str) -> None:
    """Use every signal."""
    with telemetry.tracer.start_as_current_span(who):
        DONE.labels(who).inc()
        LOGGER.warning(who)


def child() -> None:
    """Use every signal, render the metrics, flush."""
    work("child")
    assert b'done_total{who="child"} 1.0' in generate_latest(telemetry.registry)
    assert telemetry.flush(20)


def fork() -> None:
    """Fork with ``os.fork``."""
    process = os.fork()
    if not process:
        try:
            child()
        finally:
            os._exit(0)
    os.waitpid(process, 0)


def multiprocess() -> None:
    """Fork with ``multiprocessing``."""
    process = get_context("fork").Process(target=child)
    process.start()
    process.join()


def process_pool() -> None:
    """Fork with a process pool."""
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        pool.submit(child).result()


def preexec() -> None:
    """Fork with a ``preexec_fn``."""
    subprocess.run(["true"], preexec_fn=child, check=True)  # noqa: S607  from PATH


WAYS: dict[str, Callable[[], None]] = {
    each.__name__: each for each in (fork, multiprocess, process_pool, preexec)
}


def load(over: threading.Event) -> int:
    """Work until *over* is set; return the number of iterations."""
    count = 0
    while not over.wait(0.002):
        work("parent")
        count += 1
    return count


if __name__ == "__main__":
    faulthandler.dump_traceback_later(30, exit=True)
    over = threading.Event()
    with ThreadPoolExecutor(3) as threads:
        loads = [threads.submit(load, over) for _ in range(3)]
        try:
            for _ in range(int(sys.argv[2])):
                WAYS[sys.argv[1]]()
        finally:
            over.set()
    assert telemetry.shutdown(20)
    sys.stdout.write(str(sum(each.result() for each in loads)))
