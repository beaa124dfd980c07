"""Store: writes, reads and limits."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sightline.errors import ConfigurationError
from sightline.tracestore.storage.room import Room
from sightline.tracestore.storage.store import Bounds, Store
from tests.unit.tracestore.conftest import Opener, read_trace, refuse_spans
from tests.unit.tracestore.spans import request, span


def ids(store: Store, numbers: range) -> list[int]:
    """Return those of *numbers* whose traces are stored."""
    return [n for n in numbers if read_trace(store, n).spans]


def test_a_trace_is_read_from_all_segments(open_store: Opener) -> None:
    store = open_store(spans=8)
    for name in ("first", "second", "third"):
        store.write([request(span(7, name))])

    trace = read_trace(store, 7)

    assert len(store.segments) == 3
    assert [stored.span.name for stored in trace.spans] == ["first", "second", "third"]


def test_a_duplicate_span_is_returned_once(store: Store) -> None:
    sent = request(span(7))
    store.write([sent, sent])
    store.write([sent])

    assert len(read_trace(store, 7).spans) == 1


def test_the_oldest_eighth_is_dropped_at_the_limit_of_spans(open_store: Opener) -> None:
    store = open_store(spans=80)
    for number in range(1, 96):
        store.write([request(span(number))])

    assert ids(store, range(1, 96)) == list(range(21, 96))


def test_the_oldest_spans_are_dropped_at_the_limit_of_bytes(
    open_store: Opener, tmp_path: Path
) -> None:
    store = open_store(max_bytes=800_000)
    for number in range(200):
        store.write([request(span(number + 1, "x" * 5000))])

    used = sum(file.stat().st_size for file in tmp_path.glob("*.db"))
    assert used < 1_000_000
    assert ids(store, range(150, 200))[-1] == 199
    assert ids(store, range(1, 20)) == []


def used_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*.db"))


def test_the_oldest_spans_are_dropped_on_a_small_disk(tmp_path: Path) -> None:
    def free_bytes() -> int:
        return 6_000_000 - used_bytes(tmp_path)

    bounds = Bounds(spans=10**6, bytes=2**40, age_seconds=3600)
    with closing(Store(tmp_path / "traces.db", bounds, free_bytes=free_bytes)) as store:
        for number in range(1, 401):
            store.write([request(span(number, "x" * 5000))])
        kept = ids(store, range(1, 401))

    assert used_bytes(tmp_path) < 2_500_000
    assert kept == list(range(kept[0], 401))
    assert len(kept) > 50


def test_names_are_dropped_with_their_spans(open_store: Opener) -> None:
    store = open_store(spans=8)
    store.write([request(span(1, "old"), service="gone")])
    for number in range(2, 12):
        store.write([request(span(number, "new"), service="here")])

    assert (store.services(Room.large()), store.operations("gone", Room.large())) == (["here"], [])


def test_a_reopened_store_has_all_spans(open_store: Opener) -> None:
    open_store(spans=16).write([request(span(1, "a")), request(span(2, "b"))])
    again = open_store(spans=16)
    again.write([request(span(3, "c"))])

    assert ids(again, range(5)) == [1, 2, 3]
    assert again.operations("shop", Room.large()) == ["a", "b", "c"]
    assert again.spans == 3


def test_long_names_are_stored_once_and_found(open_store: Opener) -> None:
    long = "n" * 60_000
    for _ in range(2):
        store = open_store()
        store.write([request(span(1, f"{long}1"), span(2, f"{long}2"), service=long)])

    assert store.services(Room.large()) == [long]
    assert store.operations(long, Room.large()) == [f"{long}1", f"{long}2"]


def test_a_scope_without_spans_is_not_stored(store: Store) -> None:
    store.write([request(service="no spans"), request(span(1))])

    assert store.services(Room.large()) == ["shop"]


def test_a_failed_write_stores_nothing(store: Store) -> None:
    store.write([request(span(1, "kept"))])
    refuse_spans(store, "id = 3")

    with pytest.raises(sqlite3.IntegrityError):
        store.write([request(span(2, "lost"), span(3, "lost too"))])
    store.write([request(span(4, "after"))])

    assert ids(store, range(6)) == [1, 4]
    assert store.operations("shop", Room.large()) == ["after", "kept"]


def test_times_after_2262_are_stored_unchanged(store: Store) -> None:
    late = span(1, start_time_unix_nano=2**64 - 2, end_time_unix_nano=2**64 - 1)
    store.write([request(late)])

    assert read_trace(store, 1).spans[0].span == late


def test_a_reader_of_a_dropped_segment_reads_to_the_end(open_store: Opener) -> None:
    store = open_store(spans=8)
    store.write([request(span(1))])
    oldest = store.segments[0]
    reading = oldest.select("SELECT id FROM span")
    assert next(reading) == (1,)

    for number in range(2, 12):
        store.write([request(span(number))])

    assert list(reading) == []
    assert list(oldest.select("SELECT id FROM span")) == []
    assert not oldest.path.exists()


@pytest.mark.parametrize("content", [b"no database at all" * 100, None], ids=["garbage", "foreign"])
def test_an_unreadable_file_is_renamed(
    open_store: Opener, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "traces.000001.db"
    with closing(sqlite3.connect(file)) as foreign:
        foreign.execute("PRAGMA user_version = 7")
    file.write_bytes(content or file.read_bytes())

    store = open_store()
    store.write([request(span(1))])

    assert ids(store, range(3)) == [1]
    assert (tmp_path / "traces.000001.db.broken").exists()


def test_an_unusable_directory_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigurationError, match=r"TRACESTORE_PATH='traces\.db'"):
        Store(tmp_path / "file" / "traces.db", Bounds(spans=1, bytes=1, age_seconds=1))


def test_an_unopenable_file_is_reported(open_store: Opener, tmp_path: Path) -> None:
    (tmp_path / "traces.000001.db").mkdir()

    with pytest.raises(ConfigurationError, match=r"traces\.000001\.db: unable to open"):
        open_store()


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("spans", ["spans.000001", "spans.000002"]),
        ("a.b.c", ["a.b.000001.c", "a.b.000002.c"]),
        ("[a]*.db", ["[a]*.000001.db", "[a]*.000002.db"]),
    ],
)
def test_any_file_name_is_accepted(tmp_path: Path, name: str, files: list[str]) -> None:
    with closing(Store(tmp_path / name, Bounds(spans=8, bytes=2**30, age_seconds=9))) as store:
        store.write([request(span(1))])
        store.write([request(span(2))])

    assert sorted(file.name for file in tmp_path.iterdir()) == files
