import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from sightline.tracestore.storage.store import Bounds, Store

Opener = Callable[..., Store]


def refuse_spans(store: Store, condition: str) -> None:
    """Make the newest file refuse spans with *condition*, to simulate a storage error."""
    with closing(sqlite3.connect(store.segments[-1].path)) as db:
        db.execute(
            f"CREATE TRIGGER refuse BEFORE INSERT ON span WHEN NEW.{condition}"
            " BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )


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
