"""Events survive SIGKILL: none is lost, and none is applied twice."""

import asyncio
import os
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import asyncpg
import httpx
import pytest

from demo_services.shop import USERS
from tests import nats, postgresql
from tests.integration.demo_services.conftest import Service, Start, calling
from tests.tokens import bearer
from tests.waiting import until

ROUNDS = int(os.environ.get("KILL_ROUNDS", "6"))
CLIENTS = 4
SETTLED_WITHIN_SECONDS = 60.0

Rows = list[tuple[object, ...]]


class Clients:
    """Clients that place orders and rename users without a pause, and count the successes."""

    def __init__(self, orders: str, users: str) -> None:
        self._orders = orders
        self._users = users
        self._stopped = threading.Event()
        self.placed: list[int] = []
        """Ids of the orders that a client knows to be placed."""

    @contextmanager
    def working(self) -> Iterator[None]:
        with ThreadPoolExecutor(CLIENTS) as threads:
            work = [threads.submit(self._work, number) for number in range(CLIENTS)]
            try:
                yield
            finally:
                self._stopped.set()
            for each in work:
                each.result()

    def wait_for_orders(self, count: int) -> None:
        """Wait until *count* more orders are placed."""
        expected = len(self.placed) + count
        until(lambda: len(self.placed) >= expected, within_seconds=60)

    def _work(self, number: int) -> None:
        rng = random.Random(number)
        with httpx.Client(timeout=5) as client:
            while not self._stopped.is_set():
                with suppress(httpx.HTTPError):
                    self._change(client, rng.randint(1, USERS), str(rng.random()))

    def _change(self, client: httpx.Client, user_id: int, name: str) -> None:
        client.headers.update(bearer(self._users))
        client.put(f"{self._users}/users/{user_id}", json={"name": name})
        order = {"user_id": user_id, "product": "tea", "quantity": 1}
        answer = client.post(f"{self._orders}/orders", json=order)
        if answer.status_code == httpx.codes.CREATED:
            self.placed.append(answer.json()["id"])


OUTBOX = "SELECT count(*) FROM outbox"
PLACED = (
    "SELECT user_id, count(*), sum(total_cents / 100) FROM orders WHERE id > 200"
    " GROUP BY user_id ORDER BY user_id"
)
COUNTED = "SELECT user_id, orders, points FROM loyalty ORDER BY user_id"
NAMES = "SELECT id, name FROM users ORDER BY id"
COPIES = "SELECT user_id, name FROM customers ORDER BY user_id"


class Files:
    """Databases and bus in files, which no process serves."""

    killable: tuple[Callable[[], None], ...] = ()

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.bus = f"sqlite:///{folder}/bus.db"

    def database(self, service: str) -> str:
        return f"sqlite:///{self._folder}/{service}.db"

    def rows(self, service: str, sql: str) -> Rows:
        with closing(sqlite3.connect(self._folder / f"{service}.db")) as connection:
            return connection.execute(sql).fetchall()


class Servers:
    """Databases on PostgreSQL and the bus on NATS, which are killed as well."""

    def __init__(self, databases: postgresql.Server, bus: nats.Server) -> None:
        self._urls = {service: databases.database() for service in ("orders", "users")}
        self.bus = bus.url
        self.killable = (databases.restart, bus.restart)

    def database(self, service: str) -> str:
        return self._urls[service]

    def rows(self, service: str, sql: str) -> Rows:
        return asyncio.run(self._rows(self._urls[service], sql))

    async def _rows(self, url: str, sql: str) -> Rows:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()


class Shop:
    """Users and orders with lasting databases and a common bus."""

    def __init__(self, start: Start, adapters: Files | Servers) -> None:
        self._start = start
        self._adapters = adapters
        self._peers: dict[str, str] = {}
        self.users = self._begin("users")
        self._peers |= calling(self.users)
        self.orders = self._begin("orders")

    def _begin(self, name: str, **environ: str) -> Service:
        urls = {"DATABASE_URL": self._adapters.database(name), "BUS_URL": self._adapters.bus}
        return self._start(name, **urls, **self._peers, **environ)

    def restart_users(self) -> None:
        self.users = self._restart(self.users)

    def restart_orders(self) -> None:
        self.orders = self._restart(self.orders)

    def _restart(self, service: Service) -> Service:
        """Kill *service*, and start it again at the same ports."""
        service.process.kill()
        service.process.wait()
        ports = {
            "PORT": service.url.rpartition(":")[2],
            "GRPC_PORT": service.target.rpartition(":")[2],
        }
        return self._begin(service.name, **ports)

    def kill_in_turn(self, clients: Clients, rounds: int) -> None:
        """Kill the processes in turn, *rounds* times, each after some more orders."""
        rng = random.Random("kills")
        turns = (self.restart_orders, self.restart_users, *self._adapters.killable)
        for number in range(rounds):
            clients.wait_for_orders(rng.randint(1, 40))
            turns[number % len(turns)]()


@pytest.fixture(params=["files", "servers"])
def adapters(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Files | Servers]:
    """Empty databases and an empty bus of one kind."""
    if request.param == "files":
        yield Files(tmp_path_factory.mktemp("files"))
        return
    folder = tmp_path_factory.mktemp("nats")
    with postgresql.running() as databases, nats.running(folder) as bus:
        yield Servers(databases, bus)


@pytest.mark.timeout(60 + 20 * ROUNDS)
def test_no_event_is_lost_or_applied_twice_while_processes_are_killed(
    start: Start, adapters: Files | Servers
) -> None:
    shop = Shop(start, adapters)
    clients = Clients(shop.orders.url, shop.users.url)
    rows = adapters.rows

    with clients.working():
        shop.kill_in_turn(clients, ROUNDS)
    for service in ("orders", "users"):
        until(lambda: rows(service, OUTBOX) == [(0,)], within_seconds=60)  # noqa: B023

    until(lambda: rows("users", COUNTED) == rows("orders", PLACED), within_seconds=60)
    until(lambda: rows("users", NAMES) == rows("orders", COPIES), within_seconds=60)
    stored = {row[0] for row in rows("orders", "SELECT id FROM orders")}
    assert set(clients.placed) <= stored
