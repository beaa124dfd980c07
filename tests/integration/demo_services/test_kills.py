"""Events survive SIGKILL: none is lost, and none is applied twice."""

import os
import random
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from demo_services.shop import USERS
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


class Shop:
    """Users and orders with lasting databases and a common bus."""

    def __init__(self, start: Start, folder: Path) -> None:
        self._start = start
        self._folder = folder
        self._peers: dict[str, str] = {}
        self.users = self._begin("users")
        self._peers |= calling(self.users)
        self.orders = self._begin("orders")

    def _begin(self, name: str, **environ: str) -> Service:
        files = {"DATABASE_URL": self._folder / f"{name}.db", "BUS_URL": self._folder / "bus.db"}
        urls = {variable: f"sqlite:///{file}" for variable, file in files.items()}
        return self._start(name, **urls, **self._peers, **environ)

    def restart(self, service: Service) -> Service:
        """Kill *service*, and start it again at the same ports."""
        service.process.kill()
        service.process.wait()
        ports = {
            "PORT": service.url.rpartition(":")[2],
            "GRPC_PORT": service.target.rpartition(":")[2],
        }
        return self._begin(service.name, **ports)

    def kill_in_turn(self, clients: Clients, rounds: int) -> None:
        """Kill users or orders, *rounds* times, each after some more orders."""
        rng = random.Random("kills")
        for number in range(rounds):
            clients.wait_for_orders(rng.randint(1, 40))
            if number % 2:
                self.users = self.restart(self.users)
            else:
                self.orders = self.restart(self.orders)

    def rows(self, service: str, sql: str) -> Rows:
        """Return the rows of a query to the database of *service*."""
        with closing(sqlite3.connect(self._folder / f"{service}.db")) as connection:
            return connection.execute(sql).fetchall()


@pytest.mark.timeout(60 + 20 * ROUNDS)
def test_no_event_is_lost_or_applied_twice_while_processes_are_killed(
    start: Start, tmp_path: Path
) -> None:
    shop = Shop(start, tmp_path)
    clients = Clients(shop.orders.url, shop.users.url)

    with clients.working():
        shop.kill_in_turn(clients, ROUNDS)
    for service in ("orders", "users"):
        until(lambda: shop.rows(service, OUTBOX) == [(0,)], within_seconds=60)  # noqa: B023

    until(lambda: shop.rows("users", COUNTED) == shop.rows("orders", PLACED), within_seconds=60)
    until(lambda: shop.rows("users", NAMES) == shop.rows("orders", COPIES), within_seconds=60)
    stored = {row[0] for row in shop.rows("orders", "SELECT id FROM orders")}
    assert set(clients.placed) <= stored
