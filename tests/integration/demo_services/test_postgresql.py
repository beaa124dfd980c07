"""Services with PostgreSQL as their database."""

import httpx
import pytest

from tests.integration.demo_services import test_oauth as oauth
from tests.integration.demo_services.conftest import Start, calling
from tests.postgresql import Server
from tests.tokens import authorization
from tests.waiting import until

ORDER = {"user_id": 3, "product": "tea", "quantity": 2}


def test_orders_and_users_exchange_events_over_postgresql(
    start: Start, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bus = f"sqlite:///{tmp_path_factory.mktemp('bus')}/bus.db"
    users = start("users", DATABASE_URL=server.database(), BUS_URL=bus)
    urls = {"DATABASE_URL": server.database(), "BUS_URL": bus}
    orders = start("orders", **calling(users), **urls)

    placed = orders.post("/orders", ORDER)
    users.send("PUT", "/users/3", {"name": "Kai"})

    counted = {"user_id": 3, "orders": 1, "points": 9}
    until(lambda: users.get("/users/3/loyalty").json() == counted, within_seconds=30)
    until(lambda: orders.get("/customers/3").json()["name"] == "Kai", within_seconds=30)
    assert orders.get(f"/orders/{placed.json()['id']}").json()["user"]["name"] == "Kai"
    assert orders.get("/reports?user_id=3").json()["total_cents"] > 900
    assert 'db_system_name="postgresql"' in httpx.get(f"{orders.url}/metrics").text


def test_codes_and_refresh_tokens_work_once_over_postgresql(start: Start, server: Server) -> None:
    database = {"DATABASE_URL": server.database()}
    users, other = start("users", **database), start("users", **database)
    with httpx.Client(base_url=users.url) as client, httpx.Client(base_url=other.url) as second:
        issued = oauth.token(client, **oauth.REDEEMED, code=oauth.code(client)).json()

        renewed = oauth.refresh(second, issued["refresh_token"])
        replayed = oauth.refresh(client, issued["refresh_token"])
        revoked = oauth.refresh(client, renewed.json()["refresh_token"])

    assert [a.status_code for a in (renewed, replayed, revoked)] == [200, 400, 400]
    headers = authorization(renewed.json()["access_token"])
    assert users.get("/users/3", **headers).status_code == 200


def test_an_unreachable_server_prevents_the_start_without_its_password_in_the_log(
    start: Start,
) -> None:
    url = "postgresql://shop:secret@127.0.0.1:9/orders"

    users = start("users", ready=False, DATABASE_URL=url)

    assert users.process.wait(timeout=60) == 1
    assert "database 'orders' on 127.0.0.1: " in users.log.read_text().splitlines()[-1]
    assert "secret" not in users.log.read_text()
