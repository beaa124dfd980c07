"""Spans and metrics of database calls and connection pools.

::

    database = Database(telemetry, system="postgresql")
    pool = Pool(telemetry, "orders", limit=10)

    with pool.waiting():
        connection = acquire()
    pool.count(used=3, idle=7)

    with database.operation("SELECT", "orders"):
        connection.execute(statement)

Source: semantic conventions, "Database client spans" and "Database client metrics".
"""

from __future__ import annotations

from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

from opentelemetry.trace import SpanKind

from instrumentation._setup.telemetry import Telemetry, pipeline_of
from instrumentation._support.guard import qualified_name
from instrumentation.conventions import (
    DB_CLIENT_CONNECTION_COUNT,
    DB_CLIENT_CONNECTION_MAX,
    DB_CLIENT_CONNECTION_PENDING_REQUESTS,
    DB_CLIENT_CONNECTION_TIMEOUTS,
    DB_CLIENT_CONNECTION_WAIT_TIME_SECONDS,
    DB_CLIENT_OPERATION_DURATION_SECONDS,
    Attribute,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry import trace


class Database:
    """Calls of this service to one database.

    Args:
        telemetry: Returned by ``instrument()``.
        system: Value of ``db.system.name``, like ``postgresql`` or ``sqlite``.
    """

    def __init__(self, telemetry: Telemetry, *, system: str) -> None:
        pipeline = pipeline_of(telemetry)
        self._tracer = pipeline.tracer
        self._system = system
        self._duration = pipeline.families.histogram(DB_CLIENT_OPERATION_DURATION_SECONDS)

    @contextmanager
    def operation(self, name: str, collection: str) -> Iterator[trace.Span]:
        """Record the block as one operation: a CLIENT span and a duration in seconds.

        An exception of the block becomes ``error.type`` and is raised unchanged.

        Args:
            name: Operation, like ``SELECT``; a label, so never a statement.
            collection: Table or collection; a label, so from a bounded set.

        Yields:
            The span of the operation.
        """
        attributes = {
            Attribute.DB_SYSTEM_NAME: self._system,
            Attribute.DB_OPERATION_NAME: name,
            Attribute.DB_COLLECTION_NAME: collection,
        }
        started, error = perf_counter(), ""
        with self._tracer.start_as_current_span(
            f"{name} {collection}", kind=SpanKind.CLIENT, attributes=attributes
        ) as span:
            try:
                yield span
            except BaseException as failure:
                error = qualified_name(failure)
                span.set_attribute(Attribute.ERROR_TYPE, error)
                raise
            finally:
                child = self._duration.child(self._system, name, collection, error)
                child.observe_in(span.get_span_context(), perf_counter() - started)


class Pool:
    """Metrics of one connection pool.

    Args:
        telemetry: Returned by ``instrument()``.
        name: Name of the pool; a label, so from a bounded set.
        limit: Maximum number of open connections.
    """

    def __init__(self, telemetry: Telemetry, name: str, *, limit: int) -> None:
        families = pipeline_of(telemetry).families
        connections = families.gauge(DB_CLIENT_CONNECTION_COUNT)
        self._used = connections.child(name, "used")
        self._idle = connections.child(name, "idle")
        families.gauge(DB_CLIENT_CONNECTION_MAX).child(name).set(limit)
        self._pending = families.gauge(DB_CLIENT_CONNECTION_PENDING_REQUESTS).child(name)
        self._timeouts = families.counter(DB_CLIENT_CONNECTION_TIMEOUTS).child(name)
        self._wait = families.histogram(DB_CLIENT_CONNECTION_WAIT_TIME_SECONDS).child(name)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Record the block as the wait for a connection, in seconds.

        A ``TimeoutError`` of the block counts as a timeout and is raised unchanged.
        """
        started = perf_counter()
        self._pending.inc()
        try:
            yield
        except TimeoutError:
            self._timeouts.inc()
            raise
        else:
            self._wait.observe(perf_counter() - started)
        finally:
            self._pending.dec()

    def count(self, *, used: int, idle: int) -> None:
        """Set the current numbers of used and idle connections."""
        self._used.set(used)
        self._idle.set(idle)
