"""Application code that uses telemetry at the worst moments."""

import asyncio
import contextvars
import gc
import logging
import os
import signal
import threading
from typing import Final

from opentelemetry import trace

from tests.benchmarks.tenants.collector import CHILD

log = logging.getLogger("shop")

FORK_WITHIN_SECONDS: Final = 20
TIMER_SECONDS: Final = 0.05


class NotingHandler(logging.Handler):
    """Log handler that adds messages as events to the current span."""

    def emit(self, record: logging.LogRecord) -> None:
        """Add the message to the current span."""
        trace.get_current_span().add_event(record.getMessage())


class LoggingValue:
    """Attribute value that logs while it is converted to text."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant

    def __str__(self) -> str:
        log.info("tenant=%s rendered a value", self.tenant)
        return "value"

    __repr__ = __str__


class Leftover:
    """Cyclic garbage with a finalizer that logs and ends a span."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        log.error("unclosed session")
        trace.get_tracer("shop").start_span("finalizer").end()


class LoggingError(Exception):
    """Error that logs while it is converted to text."""

    def __init__(self, tenant: str) -> None:
        super().__init__(tenant)
        self.tenant = tenant

    def __str__(self) -> str:
        log.info("tenant=%s rendered an error", self.tenant)
        return f"tenant={self.tenant} failed"


async def logging_value(tenant: str) -> None:
    """Set an attribute that logs while it is converted."""
    trace.get_current_span().set_attribute("shop.value", LoggingValue(tenant))  # type: ignore[arg-type]  # hostile on purpose


async def finalizer(tenant: str) -> None:
    """Create garbage, so that garbage collections end spans anywhere."""
    del tenant
    for _ in range(20):
        Leftover()
        trace.get_current_span().set_attribute("shop.list", ["a", "b"])


async def thread(tenant: str) -> None:
    """End a span in a thread that has a copy of the context."""

    def work() -> None:
        with trace.get_tracer("shop").start_as_current_span("thread") as span:
            span.set_attribute("tenant", tenant)
            log.info("tenant=%s works in a thread", tenant)

    worker = threading.Thread(target=contextvars.copy_context().run, args=(work,))
    worker.start()
    await asyncio.to_thread(worker.join)


async def fork(tenant: str) -> None:
    """Fork a child that ends a span, and wait until it exits.

    Raises:
        TimeoutError: The child hangs.
    """
    del tenant
    child = os.fork()
    if not child:
        trace.get_tracer("shop").start_span(CHILD).end()
        os._exit(0)
    async with asyncio.timeout(FORK_WITHIN_SECONDS):
        await asyncio.to_thread(os.waitpid, child, 0)


def interrupt_often() -> None:
    """Let a timer signal interrupt the main thread with a handler that logs."""

    def interrupted(number: int, frame: object) -> None:
        del frame
        log.info("signal %d", number)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGALRM, interrupted)
        signal.setitimer(signal.ITIMER_REAL, TIMER_SECONDS, TIMER_SECONDS)


def collect_often() -> None:
    """Run the garbage collector far more often than by default."""
    gc.set_threshold(100, 5, 5)


ACTS: Final = {
    "value": logging_value,
    "finalizer": finalizer,
    "thread": thread,
    "fork": fork,
}
"""Hostile acts by the name that a request header gives."""
