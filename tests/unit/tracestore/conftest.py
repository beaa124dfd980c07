import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from sightline.tracestore.storage.reader import TraceReader
from sightline.tracestore.storage.room import Room
from sightline.tracestore.storage.store import Bounds, Store
from sightline.tracestore.storage.trace import Trace

Opener = Callable[..., Store]


def refuse_spans(store: Store, condition: str) -> None:
    """Make the newest file refuse spans with *condition*, to simulate a storage error."""
    with closing(sqlite3.connect(store.segments[-1].path)) as db:
        db.execute(
            f"CREATE TRIGGER refuse BEFORE INSERT ON span WHEN NEW.{condition}"
            " BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )


def share_with_services(store: Store, operation: str, count: int) -> None:
    """Add *operation* of *count* services to the newest file of a closed store."""
    rows = ((f"service {number}", operation) for number in range(count))
    with closing(sqlite3.connect(store.segments[-1].path)) as db, db:
        db.executemany("INSERT INTO operation (service, name) VALUES (?, ?)", rows)


def read_trace(store: Store, number: int) -> Trace:
    """Return the trace with the id *number*."""
    return TraceReader(store, Room.large()).trace(number.to_bytes(16, "big"))


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Opener]:
    """Return a function that opens the store in *tmp_path* with the given bounds."""
    with ExitStack() as opened:

        def opener(*, spans: int = 10**6, max_bytes: int = 2**40, age: float = 3600.0) -> Store:
            bounds = Bounds(spans=spans, bytes=max_bytes, age_seconds=age)
            return opened.enter_context(closing(Store(tmp_path / "traces.db", bounds)))

        yield opener


@pytest.fixture
def store(open_store: Opener) -> Store:
    return open_store()
