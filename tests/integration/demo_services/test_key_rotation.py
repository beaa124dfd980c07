"""Keys of tokens: rotation, instances that share them, an issuer that is away, HS256."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.integration.demo_services.conftest import Service, Start, calling
from tests.integration.demo_services.test_answers import NEW_ORDER, restartable
from tests.tokens import authorization, bearer, fetch
from tests.waiting import until

ROTATION_SECONDS = 4.0
ROTATING = {
    "JWT_ROTATION_HOURS": str(ROTATION_SECONDS / 3600),
    "JWT_LIFETIME_SECONDS": "3",
}


def key_ids(users: Service) -> set[str]:
    return {key["kid"] for key in users.get("/.well-known/jwks.json").json()["keys"]}


@contextmanager
def reading_orders(gateway: Service) -> Iterator[Counter[int]]:
    """Read an order, each time with a new token, and count the status codes.

    Two clients stay below the limits of the gateway. All three services verify each token.
    """
    statuses, stopped = Counter[int](), threading.Event()

    def work() -> None:
        with httpx.Client(base_url=gateway.url, timeout=10) as client:
            while not stopped.is_set():
                headers = authorization(fetch(gateway.url, client))
                answer = client.get("/api/orders/7", headers=headers)
                statuses[answer.status_code] += 1

    with ThreadPoolExecutor(2) as clients:
        running = [clients.submit(work) for _ in range(2)]
        try:
            yield statuses
        finally:
            stopped.set()
        for each in running:
            each.result()


def test_no_request_is_lost_while_keys_rotate(start: Start, tmp_path: Path) -> None:
    users = start("users", **restartable(tmp_path), **ROTATING)
    orders = start("orders", **calling(users), **ROTATING)
    gateway = start("gateway", **calling(users), ORDERS_URL=orders.url, **ROTATING)
    seen = key_ids(users)

    def rotated() -> bool:
        seen.update(key_ids(users))
        return len(seen) >= 4 and statuses.total() >= 30

    with reading_orders(gateway) as statuses:
        until(rotated, within_seconds=180)

    assert set(statuses) == {200}, statuses


def test_two_instances_of_users_accept_the_tokens_of_each_other(
    start: Start, tmp_path: Path
) -> None:
    database = {"DATABASE_URL": f"sqlite:///{tmp_path}/users.db"}
    first, second = start("users", **database), start("users", **database)

    answers = [
        first.send("PUT", "/users/3", {"name": "Kai"}, **bearer(second.url)),
        second.send("PUT", "/users/3", {"name": "Lea"}, **bearer(first.url)),
    ]

    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_token_survives_a_restart_of_its_issuer(start: Start, tmp_path: Path) -> None:
    again = restartable(tmp_path)
    users = start("users", **again)
    headers = bearer(users.url)

    users.stop()
    restarted = start("users", **again)

    assert restarted.send("PUT", "/users/3", {"name": "Kai"}, **headers).status_code == 200


def test_known_keys_go_on_verifying_while_the_issuer_is_away(start: Start) -> None:
    users = start("users")
    orders = start("orders", **calling(users))
    headers = bearer(users.url)
    until(lambda: orders.get("/orders", **headers).status_code != 503, within_seconds=30)

    users.stop()
    answers = [
        orders.get("/orders?user_id=3", **headers),
        orders.get("/orders?user_id=3", **authorization("forged")),
    ]

    assert [answer.status_code for answer in answers] == [200, 401]
    failures = "authentication_key_set_refreshes_total"
    until(lambda: orders.get("/orders?user_id=3", **headers).status_code == 200, within_seconds=5)
    assert orders.samples(failures)['{result="success"}'] >= 1


def test_a_service_that_never_read_the_keys_says_so(start: Start, tmp_path: Path) -> None:
    users = start("users", **restartable(tmp_path))
    away = {"USERS_URL": "http://127.0.0.1:9", "USERS_GRPC_TARGET": users.target}
    orders = start("orders", **away)

    with_token = orders.get("/orders/7", **bearer(users.url))

    assert (with_token.status_code, with_token.headers["retry-after"]) == (503, "1")
    assert orders.get("/orders/7").status_code == 200  # a guest needs no key
    counted = orders.samples("authentication_verifications_total")
    assert counted['{result="unavailable"}'] == 1


def test_services_share_the_key_of_hs256_by_a_file(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "key"
    symmetric = {"JWT_ALG": "HS256", "JWT_KEY_FILE": str(file)}
    users = start("users", **symmetric)
    orders = start("orders", **calling(users), **symmetric)
    headers = authorization(fetch(users.url))

    placed = orders.send("POST", "/orders", NEW_ORDER, **headers)

    assert placed.status_code == 201
    assert (file.stat().st_mode & 0o777, file.stat().st_size) == (0o600, 32)
    assert users.get("/.well-known/jwks.json").json() == {"keys": []}


def test_hs256_without_a_file_prevents_the_start(start: Start) -> None:
    users = start("users", ready=False, JWT_ALG="HS256")

    assert users.process.wait(timeout=60) == 1
    expected = "JWT_KEY_FILE is not set: JWT_ALG='HS256' needs a file that all services read"
    assert users.log.read_text().splitlines()[-1] == expected
