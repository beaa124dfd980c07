"""Counts, errors and durations of gRPC calls, database operations and processed messages."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from instrumentation import conventions
from sightline.mixin import queries
from sightline.mixin.config import REQUEST_INTERVAL
from sightline.mixin.identity import IDENTITY
from sightline.mixin.identity import by as by_service
from sightline.mixin.model import Group, Record
from sightline.mixin.queries import either, or_zero, share
from sightline.mixin.rules.services import quantiles

FAILED: Final = 'error_type!=""'


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A kind of operation with a histogram of durations and the label ``error_type``."""

    histogram: str
    name: str
    """Middle part of the recorded names."""
    label: str = ""
    """Label that separates operations of one service."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of recorded series."""
        return (*IDENTITY, self.label) if self.label else IDENTITY

    @property
    def count(self) -> str:
        """Recorded number of operations in five minutes."""
        return f"{self._level}:{self.name}:increase"

    @property
    def error_count(self) -> str:
        """Recorded number of failed operations in five minutes."""
        return f"{self._level}:{self.name}_errors:increase"

    @property
    def error_ratio(self) -> str:
        """Recorded ratio of failed operations."""
        return f"{self._level}:{self.name}_errors:ratio"

    @property
    def duration(self) -> str:
        """Recorded quantiles of the duration."""
        return f"{self._level}:{self.name}_duration_seconds:quantile"

    @property
    def _level(self) -> str:
        return f"job_{self.label}" if self.label else "job"


RPC: Final = Operation(
    histogram=conventions.RPC_SERVER_CALL_DURATION_SECONDS, name="rpc_server_calls"
)
DATABASE: Final = Operation(
    histogram=conventions.DB_CLIENT_OPERATION_DURATION_SECONDS,
    name="db_client_operations",
    label="db_system_name",
)
MESSAGES: Final = Operation(
    histogram=conventions.MESSAGING_PROCESS_DURATION_SECONDS,
    name="messaging_process",
    label="messaging_destination_name",
)


def _records(operation: Operation) -> Iterator[Record]:
    counter = f"{operation.histogram}_count"
    total = f"job_instance:{operation.name}:sum"
    comparable = f"job_instance:{operation.name}:comparable"
    done = queries.increase(counter, by=operation.labels, where='error_type=""')
    failures = queries.selector(counter, FAILED)
    failed = queries.events(failures, by=operation.labels, comparable=comparable)
    ratio = share(or_zero(operation.error_count, operation.count), operation.count)
    by = (*operation.labels, "le")
    buckets = queries.rate(f"{operation.histogram}_bucket", by=by)
    recorded = operation.duration.replace(":", "_le:", 1).replace(":quantile", "_bucket:rate")
    yield Record(name=total, expr=f"sum {by_service('instance')} ({counter})")
    yield Record(name=comparable, expr=queries.comparable_instances(total))
    yield Record(name=operation.error_count, expr=failed)
    yield Record(name=operation.count, expr=either(done, operation.error_count))
    yield Record(name=operation.error_ratio, expr=ratio)
    yield Record(name=recorded, expr=buckets)
    yield from quantiles(operation.duration, recorded)


OPERATIONS: Final = Group(
    name="operations.recording",
    interval=REQUEST_INTERVAL,
    rules=tuple(
        record for operation in (RPC, DATABASE, MESSAGES) for record in _records(operation)
    ),
)
