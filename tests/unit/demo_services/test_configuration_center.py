"""Configuration center: pushes, canaries, long polling, memory."""

import asyncio
import base64
import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from demo_services.configuration.checking import ConfigurationError
from demo_services.configuration.encryption import encrypt, new_key
from demo_services.control.configuration import center as center_module
from demo_services.control.configuration.center import Center, ConflictError
from demo_services.control.configuration.revision import Revision, Target
from demo_services.control.configuration.storage import Storage, StorageError
from demo_services.waiters import BusyError

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
VERSION = int(NOON.timestamp() * 1000)
ORDERS = ("orders", "dev")
SMALL = {"worker_pool": {"capacity": 10}}
LARGE = {"worker_pool": {"capacity": 90}}
CANARY = Target(instances=("orders-2",))


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def center(registry: CollectorRegistry) -> Center:
    return Center(Storage(None), registry, now=lambda: NOON)


def poll(center: Center, instance: str, version: int = 0) -> Revision | None:
    return asyncio.run(center.poll(ORDERS, instance, version, 0.0))


def document(center: Center, instance: str, version: int = 0) -> dict[str, Any] | None:
    found = poll(center, instance, version)
    return found.document if found else None


def test_a_pushed_document_reaches_each_instance_once(center: Center) -> None:
    pushed = center.push(ORDERS, SMALL, "ada")

    assert pushed.version == VERSION
    assert document(center, "orders-1") == document(center, "orders-2") == SMALL
    assert poll(center, "orders-1", pushed.version) is None


def test_the_version_grows_within_a_millisecond(center: Center) -> None:
    versions = [center.push(ORDERS, SMALL, "ada").version for _ in range(3)]

    assert versions == [VERSION, VERSION + 1, VERSION + 2]


def test_a_poll_ends_with_the_next_push(center: Center) -> None:
    async def main() -> Revision | None:
        waiting = asyncio.create_task(center.poll(ORDERS, "orders-1", 0, 10.0))
        await asyncio.sleep(0)
        center.push(ORDERS, SMALL, "ada")
        return await waiting

    found = asyncio.run(main())

    assert found is not None
    assert found.document == SMALL


def test_a_push_to_another_profile_ends_no_poll(center: Center) -> None:
    async def main() -> Revision | None:
        waiting = asyncio.create_task(center.poll(ORDERS, "orders-1", 0, 0.05))
        await asyncio.sleep(0)
        center.push(("orders", "test"), SMALL, "ada")
        return await waiting

    assert asyncio.run(main()) is None


@pytest.fixture
def one_waiter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(center_module, "MAX_WAITERS", 1)


@pytest.mark.usefixtures("one_waiter")  # before the center reads the limit
def test_the_polls_that_wait_are_bounded(center: Center) -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(center.poll(ORDERS, "orders-1", 0, 10.0))
            await asyncio.sleep(0)
            with pytest.raises(BusyError, match="1 polls wait already"):
                await center.poll(ORDERS, "orders-2", 0, 10.0)
            waiting.cancel()
        await center.poll(ORDERS, "orders-2", 0, 0.0)

    asyncio.run(main())


def test_the_polls_end_before_the_center_does(center: Center) -> None:
    async def main() -> Revision | None:
        waiting = asyncio.create_task(center.poll(ORDERS, "orders-1", 0, 10.0))
        await asyncio.sleep(0)
        center.end_polls()
        return await waiting

    assert asyncio.run(main()) is None


def test_a_canary_reaches_its_instances_alone(center: Center) -> None:
    stable = center.push(ORDERS, SMALL, "ada")

    canary = center.push(ORDERS, LARGE, "ada", CANARY)

    assert poll(center, "orders-1", stable.version) is None
    assert poll(center, "orders-2", stable.version) == canary
    assert canary.version > stable.version


def test_a_promotion_reaches_all_under_one_version(center: Center) -> None:
    stable = center.push(ORDERS, SMALL, "ada")
    canary = center.push(ORDERS, LARGE, "ada", CANARY)

    promoted = center.promote(ORDERS, "ben")

    assert promoted.document == LARGE
    assert poll(center, "orders-1", stable.version) == promoted
    assert poll(center, "orders-2", canary.version) == promoted


def test_a_drop_returns_the_canary_to_the_document_of_the_others(center: Center) -> None:
    center.push(ORDERS, SMALL, "ada")
    canary = center.push(ORDERS, LARGE, "ada", CANARY)

    dropped = center.drop(ORDERS, "ben")

    assert dropped.document == SMALL
    assert poll(center, "orders-2", canary.version) == dropped


def test_a_rollback_pushes_an_earlier_document_under_a_new_version(center: Center) -> None:
    first = center.push(ORDERS, SMALL, "ada")
    second = center.push(ORDERS, LARGE, "ada")

    rolled_back = center.rollback(ORDERS, first.version, "ben")

    assert (rolled_back.document, rolled_back.version) == (SMALL, second.version + 1)
    actions = [each.action for each in center.shelf(ORDERS).history]
    assert actions == ["rollback", "push", "push"]


def test_a_percentage_selects_the_same_instances_each_time() -> None:
    names = [f"orders-{number}" for number in range(1000)]
    few, many = Target(percent=10), Target(percent=30)

    first = {name for name in names if few.matches(name)}

    assert first == {name for name in names if few.matches(name)}
    assert first < {name for name in names if many.matches(name)}
    assert 70 < len(first) < 130


@pytest.mark.parametrize("change", ["promote", "drop"])
def test_there_is_nothing_to_promote_or_drop_without_a_canary(center: Center, change: str) -> None:
    with pytest.raises(ConflictError, match="there is no canary"):
        getattr(center, change)(ORDERS, "ada")


def test_a_canary_needs_a_document_to_return_to(center: Center) -> None:
    with pytest.raises(ConflictError, match="push a document to all instances first"):
        center.push(ORDERS, SMALL, "ada", CANARY)


def test_a_second_push_waits_for_the_end_of_the_canary(center: Center) -> None:
    center.push(ORDERS, SMALL, "ada")
    center.push(ORDERS, LARGE, "ada", CANARY)

    with pytest.raises(ConflictError, match="promote or drop the canary first"):
        center.push(ORDERS, {}, "ada")


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ({"breaker": {"failure_ratio": 7}}, "center: breaker.failure_ratio=7: expected a value"),
        ({"breaker": {"windw": 7}}, "center: breaker.windw: expected no such key"),
        ({"database": {"password": "enc(\ud800)"}}, "center: database.password: expected enc"),
        ({"breaker": {"failure_ratio": float("nan")}}, "center: breaker.failure_ratio=nan: exp"),
        ({"database": {"password": "hunter2"}}, "center: database.password: expected enc"),
        ({"faults": {"a" * 100: json.loads("[" * 900 + "]" * 900)}}, "center: faults: expected no"),
    ],
)
def test_a_bad_push_is_refused_and_the_old_document_stays(
    center: Center, registry: CollectorRegistry, bad: dict[str, Any], problem: str
) -> None:
    center.push(ORDERS, SMALL, "ada")

    with pytest.raises(ConfigurationError) as error:
        center.push(ORDERS, bad, "ada")

    assert str(error.value).startswith(problem)
    assert document(center, "orders-1") == SMALL
    counted = registry.get_sample_value
    assert counted("configuration_pushes_total", {"result": "accepted"}) == 1
    assert counted("configuration_pushes_total", {"result": "refused"}) == 1


def test_each_change_is_logged_with_its_keys_and_without_its_secrets(
    center: Center, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sealed = encrypt(base64.b64decode(new_key()), "orders-dev/database.password", "hunter2")
    center.push(ORDERS, {**SMALL, "database": {"password": sealed}}, "ada")
    with pytest.raises(ConfigurationError):
        center.push(ORDERS, {"database": {"password": "hunter2"}}, "eve")

    pushed, refused = (vars(record) for record in caplog.records)

    assert (pushed["action"], pushed["author"]) == ("push", "ada")
    assert pushed["keys"] == ["database.password", "worker_pool.capacity"]
    assert (refused["action"], refused["author"]) == ("refusal", "eve")
    assert refused["reasons"][0].startswith("center: database.password: expected enc(…)")
    assert not {"hunter2", sealed} & set(map(str, [*pushed.values(), *refused.values()]))


def test_a_center_with_a_file_remembers(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "configuration.json")
    before = Center(storage, CollectorRegistry())
    before.push(ORDERS, SMALL, "ada")
    canary = before.push(ORDERS, LARGE, "ada", CANARY)

    after = Center(storage, CollectorRegistry())

    assert after.shelf(ORDERS) == before.shelf(ORDERS)
    assert poll(after, "orders-2") == canary
    assert (tmp_path / "configuration.json").stat().st_mode & 0o077 == 0


def test_a_center_that_lost_its_memory_reverts_no_instance(center: Center) -> None:
    version = center.push(ORDERS, SMALL, "ada").version

    restarted = Center(Storage(None), CollectorRegistry(), now=lambda: NOON)

    assert poll(restarted, "orders-1", version) is None


def test_a_file_that_is_unreadable_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "configuration.json").write_text("{")

    with pytest.raises(StorageError, match="move it away to start without documents"):
        Center(Storage(tmp_path / "configuration.json"), CollectorRegistry())


def test_a_change_that_cannot_be_stored_is_not_served(tmp_path: Path) -> None:
    center = Center(Storage(tmp_path / "missing" / "file.json"), CollectorRegistry())

    with pytest.raises(StorageError, match="cannot be written"):
        center.push(ORDERS, SMALL, "ada")

    assert poll(center, "orders-1") is None
