"""Samples of one metrics page, and ``/metrics`` as an ASGI app.

A page has the samples of this process or, with several workers, of all of them. It is OpenMetrics
with exemplars on request, else the text format.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from instrumentation._support.cached_property import cached_property
from instrumentation._support.fork import new_lock
from instrumentation._support.guard import LOGGER, Guard
from instrumentation._support.prometheus_client_access import values_in_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry

    from instrumentation._scrape.response import Responder
    from instrumentation._scrape.snapshot import RegistryReader, Snapshot
    from instrumentation._scrape.workers import Workers
    from instrumentation._support.asgi_types import Receive, Scope, Send


def has_siblings() -> bool:
    """Return True when a server started this process as one of its workers."""
    multiprocessing = sys.modules.get("multiprocessing")  # a worker's start has imported it
    if multiprocessing is not None and multiprocessing.parent_process() is not None:
        return True  # uvicorn, hypercorn, granian
    return "gunicorn" in os.environ.get("SERVER_SOFTWARE", "")


def _warn_about_multiprocess_files() -> None:
    if values_in_files():
        LOGGER.warning(
            "PROMETHEUS_MULTIPROC_DIR is set: metrics have no exemplars, and files of exited "
            "workers stay in that directory. Unset it: /metrics includes all workers without it."
        )


class Page:
    """Samples of registries, read at every scrape.

    Args:
        registries: Registries of this process.
        name: Name of the page: unique in this process, equal in all workers.
        guard: Contains the errors of this class.
    """

    def __init__(self, *registries: CollectorRegistry, name: str, guard: Guard) -> None:
        _warn_about_multiprocess_files()
        self._registries = registries
        self._read_operation = guard.operation("scrape")
        self._name = name
        self._guard = guard
        self._join_operation = guard.operation("workers_join")
        self._lock = new_lock()
        self._pid = os.getpid()
        self._workers: Workers | None = None
        self._join_pending = has_siblings()
        """True until this process has registered with its sibling workers."""

    @cached_property
    def _reader(self) -> RegistryReader:
        from instrumentation._scrape.snapshot import (
            RegistryReader,
        )

        return RegistryReader(*self._registries, operation=self._read_operation)

    def snapshot(self) -> Snapshot:
        """Return the samples of this process, or the sum over all workers."""
        self.join()
        return self._reader.snapshot() if self._workers is None else self._workers.snapshot()

    def join(self) -> None:
        """Register with the sibling workers, once in each process."""
        with self._join_operation, self._lock:  # a failure is logged after the lock is released
            if self._pid != os.getpid():  # forked by a server that loaded the service before
                self._pid, self._join_pending, self._workers = os.getpid(), True, None
            if self._join_pending:
                self._join_pending = False
                self._workers = self._create_workers()

    def _create_workers(self) -> Workers:
        # Most services have one process.
        from instrumentation._scrape.worker_directory import WorkerDirectory
        from instrumentation._scrape.workers import Workers

        return Workers(self._reader, WorkerDirectory(self._name), self._guard)

    def close(self) -> None:
        """Persist a last snapshot for the sibling workers; the page can still be read."""
        with self._join_operation:
            if self._workers is not None and self._pid == os.getpid():
                self._workers.close()


METHODS: Final = ("GET", "HEAD")

Headers = list[tuple[bytes, bytes]]


class Exposition:
    """ASGI app that answers GET and HEAD with every sample.

    Args:
        take_snapshot: Returns the current samples. Called in a thread; may block.
    """

    def __init__(self, take_snapshot: Callable[[], Snapshot]) -> None:
        self._take_snapshot = take_snapshot
        self._responder: Responder | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one scrape; a thread renders it, so the event loop serves other requests."""
        del receive
        if scope["type"] != "http":
            return
        if scope["method"] not in METHODS:
            allow = (b"allow", ", ".join(METHODS).encode())
            await _respond(send, 405, [(b"content-type", b"text/plain"), allow], b"GET only\n")
            return
        from instrumentation._support.event_loop import run_in_thread

        responder = self._load_responder()
        headers, body = await run_in_thread(responder.respond, scope["headers"])
        await _respond(send, 200, headers, body, has_body=scope["method"] == "GET")

    def _load_responder(self) -> Responder:
        """Return the responder, imported at the first scrape.

        It runs on the event loop: a fork while a thread imports would leave a child with a
        partially imported module.
        """
        if self._responder is None:
            from instrumentation._scrape.response import Responder

            self._responder = Responder(self._take_snapshot)
        return self._responder


async def _respond(
    send: Send, status_code: int, headers: Headers, body: bytes, *, has_body: bool = True
) -> None:
    length = (b"content-length", str(len(body)).encode())
    start = {"type": "http.response.start", "status": status_code, "headers": [*headers, length]}
    await send(start)
    await send({"type": "http.response.body", "body": body if has_body else b""})
