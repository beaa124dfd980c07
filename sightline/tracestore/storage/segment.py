"""SQLite file of spans, with one writer thread and many readers."""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeVar

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from sightline.tracestore.storage.rows import MAX_INTEGER, Origin, SpanRow, rows
from sightline.tracestore.storage.tokens import Tokens

Name = TypeVar("Name", str, bytes)

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS origin (
    id INTEGER PRIMARY KEY, service TEXT NOT NULL, tokens TEXT NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS service (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS operation (
    id INTEGER PRIMARY KEY, service TEXT NOT NULL, name TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS span (
    id INTEGER PRIMARY KEY,
    trace_id BLOB NOT NULL, span_id BLOB NOT NULL, parent_id BLOB,
    service INTEGER NOT NULL, operation INTEGER NOT NULL, origin INTEGER NOT NULL,
    start INTEGER NOT NULL, duration INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS span_trace ON span (trace_id, span_id);
CREATE INDEX IF NOT EXISTS span_search ON span (service, start, operation, duration, trace_id);
CREATE VIRTUAL TABLE IF NOT EXISTS tag USING fts5 (
    tokens, content = '', columnsize = 0, detail = none, tokenize = ascii
);
"""

_VERSION: Final = 0x534C0001
"""Schema version, stored in the file header; files of other versions are not written."""

_LONGEST_KEY: Final = 256
"""Bytes or characters of a name or origin in memory; longer ones are replaced by a hash, because
the limit of the files would allow hundreds of megabytes of them."""

_SERVICES: Final = "SELECT name FROM service WHERE length(name) BETWEEN ? AND ?"
_OPERATIONS: Final = """
SELECT name FROM operation WHERE length(name) BETWEEN ? AND ? AND service = ?
"""

USUAL_LENGTHS: Final = (0, _LONGEST_KEY)
LONG_LENGTHS: Final = (_LONGEST_KEY + 1, MAX_INTEGER)
"""Characters of a name."""

_INSERT_SPAN: Final = "INSERT INTO span VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_TAG: Final = "INSERT INTO tag (rowid, tokens) VALUES (?, ?)"


class Segment:
    """Spans of one file with their index."""

    def __init__(self, path: Path) -> None:
        """Open *path*; create it if it is missing.

        Raises:
            sqlite3.OperationalError: The file cannot be opened or created.
            sqlite3.DatabaseError: The file is no database, or one of another version.
        """
        self.path = path
        self.changed = path.stat().st_mtime if path.exists() else time.time()
        self._closed = False
        self._idle: list[sqlite3.Connection] = []
        """Connections for reads, because opening one costs a query. Any thread takes and returns
        one, each in one operation on the list."""
        self._writer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            # WAL survives SIGKILL; only a power failure can lose the last writes.
            self._writer.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
            self.created_at = self._read_or_set_birth()
            self._writer.executescript(_SCHEMA)
            self._load()
        except sqlite3.Error:
            self._writer.close()
            raise

    def _read_or_set_birth(self) -> int:
        """Return the creation time in seconds since 1970, stored in an unused header field."""
        (version,) = self._writer.execute("PRAGMA application_id").fetchone()
        (created_at,) = self._writer.execute("PRAGMA user_version").fetchone()
        if created_at and version != _VERSION:
            raise sqlite3.DatabaseError(f"written by another version: {version:#x}")
        if not created_at:
            created_at = int(time.time())
            self._writer.executescript(
                f"PRAGMA application_id = {_VERSION}; PRAGMA user_version = {created_at};"
            )
        return int(created_at)

    def _load(self) -> None:
        """Load the in-memory tables; after a rollback this drops the rolled-back rows."""
        db = self._writer
        self.spans: int = db.execute("SELECT coalesce(max(id), 0) FROM span").fetchone()[0]
        self._services: dict[str, int] = {
            _key(name): id_ for id_, name in db.execute("SELECT * FROM service")
        }
        self._operations: dict[tuple[str, str], int] = {
            (_key(service), _key(name)): id_
            for id_, service, name in db.execute("SELECT * FROM operation")
        }
        self._origins: dict[bytes, int] = {
            _key(body): id_ for body, id_ in db.execute("SELECT body, id FROM origin")
        }

    @property
    def size_bytes(self) -> int:
        """Size of the file after a checkpoint; the write-ahead log is at most 4 MiB."""
        (pages,) = self._writer.execute("PRAGMA page_count").fetchone()
        (page,) = self._writer.execute("PRAGMA page_size").fetchone()
        return int(pages * page)

    def seal(self) -> None:
        """Checkpoint the write-ahead log after the last write."""
        # Without a timeout, because waiting for a reader would block the writer.
        self._writer.executescript("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint (TRUNCATE);")

    def services(self, lengths: tuple[int, int]) -> Iterator[str]:
        """Yield the name of each service with one of the *lengths*."""
        return (name for (name,) in self.select(_SERVICES, lengths))

    def operations(self, service: str, lengths: tuple[int, int]) -> Iterator[str]:
        """Yield the name of each operation of *service* with one of the *lengths*."""
        return (name for (name,) in self.select(_OPERATIONS, (*lengths, service)))

    def write(self, requests: Iterable[TracesData], tokens: Tokens) -> None:
        """Store all of *requests* in one transaction.

        Raises:
            sqlite3.Error: Nothing was stored; the disk may be full.
        """
        db = self._writer
        db.execute("BEGIN IMMEDIATE")
        try:
            for request in requests:
                for origin, spans in rows(request):
                    self._insert(origin, list(spans), tokens)
            db.execute("COMMIT")
            self.changed = time.time()
        except BaseException:
            with suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            self._load()
            raise

    def _insert(self, origin: Origin, spans: Sequence[SpanRow], tokens: Tokens) -> None:
        origin_id = self._origin(origin, tokens)
        service_id = self._service(origin.service)
        span_rows, tag_rows = [], []
        for number, row in enumerate(spans, start=self.spans + 1):
            operation_id = self._operation(origin.service, row.name)
            body = row.span.SerializeToString()
            ids = (row.trace_id, row.span_id, row.parent_id, service_id, operation_id, origin_id)
            span_rows.append((number, *ids, row.start, row.duration, body))
            tag_rows.append((number, tokens.of_span(row.span)))
        self._writer.executemany(_INSERT_SPAN, span_rows)
        self._writer.executemany(_INSERT_TAG, tag_rows)
        self.spans += len(spans)

    def _origin(self, origin: Origin, tokens: Tokens) -> int:
        key = _key(origin.body)
        if key not in self._origins:
            values = (origin.service, tokens.of_origin(origin.resource), origin.body)
            self._origins[key] = self._insert_row(
                "INSERT INTO origin (service, tokens, body) VALUES (?, ?, ?)", values
            )
        return self._origins[key]

    def _service(self, name: str) -> int:
        key = _key(name)
        if key not in self._services:
            self._services[key] = self._insert_row("INSERT INTO service (name) VALUES (?)", (name,))
        return self._services[key]

    def _operation(self, service: str, name: str) -> int:
        key = _key(service), _key(name)
        if key not in self._operations:
            self._operations[key] = self._insert_row(
                "INSERT INTO operation (service, name) VALUES (?, ?)", (service, name)
            )
        return self._operations[key]

    def _insert_row(self, statement: str, values: Sequence[Any]) -> int:
        return self._writer.execute(statement, values).lastrowid or 0

    def service_id(self, service: str) -> int | None:
        """Return the id of *service* in this file."""
        return self._services.get(_key(service))

    def operation_ids(self, service: str, name: str) -> list[int]:
        """Return the ids of the operations *name* in this file; an empty *service* means any."""
        if service:
            found = self._operations.get((_key(service), _key(name)))
            return [] if found is None else [found]
        key = _key(name)
        return [id_ for (_, of), id_ in list(self._operations.items()) if of == key]

    @cached_property
    def starts(self) -> tuple[int, int]:
        """Earliest and latest start in nanoseconds since 1970; cached, for full segments only."""
        return next(
            self.select("SELECT coalesce(min(start), 0), coalesce(max(start), 0) FROM span"), (0, 0)
        )

    def select(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of *query*; none after `close()`."""
        db = self._idle_or_new()
        if not db:
            return
        try:
            yield from db.execute(query, values)
        finally:
            if self._closed:
                db.close()
            else:
                self._idle.append(db)

    def _idle_or_new(self) -> sqlite3.Connection | None:
        with suppress(IndexError):
            return self._idle.pop()
        try:
            return sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode=rw",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.OperationalError:
            if self._closed:
                return None
            raise

    def close(self) -> None:
        """Close every connection that is not in use."""
        self._closed = True
        with suppress(IndexError):
            while True:
                self._idle.pop().close()
        self._writer.close()

    def drop(self) -> None:
        """Close and remove the files; reads in progress complete."""
        self.close()
        for file in files_of(self.path):
            file.unlink(missing_ok=True)


def _key(value: Name) -> Name:
    """Return *value*; a long one as a hash."""
    if len(value) <= _LONGEST_KEY:
        return value
    if isinstance(value, bytes):
        return sha256(value).digest()
    return sha256(value.encode()).hexdigest()


def files_of(path: Path) -> list[Path]:
    """Return the files of a database, log first: a leftover log would corrupt a new one."""
    return [Path(f"{path}{suffix}") for suffix in ("-wal", "-shm", "")]
