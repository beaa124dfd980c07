"""Grants of OAuth 2 through the gateway, and what is refused. Source: RFC 6749, RFC 7636."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from demo_services.auth.clients import BROWSER_CLIENT, TRAFFIC_CLIENT, demo_clients
from demo_services.auth.settings import DEMO_CREDENTIAL
from demo_services.auth.token_endpoint import challenge_of
from tests.integration.demo_services.conftest import Shop, Start, calling
from tests.integration.demo_services.test_answers import restartable
from tests.tokens import authorization

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
"""Source: RFC 7636, appendix B."""
REDIRECT_URI = demo_clients("")[BROWSER_CLIENT].redirect_uris[0]
ASKED = {
    "response_type": "code",
    "client_id": BROWSER_CLIENT,
    "redirect_uri": REDIRECT_URI,
    "state": "a b&c",
    "scope": "orders:write",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}
LOGIN = {"username": "ada", "password": "lovelace", "decision": "allow"}
REDEEMED = {
    "grant_type": "authorization_code",
    "client_id": BROWSER_CLIENT,
    "redirect_uri": REDIRECT_URI,
    "code_verifier": VERIFIER,
}
CREDENTIALS = {"grant_type": "client_credentials"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("oauth")


@pytest.fixture(scope="module")
def shop(start: Start, folder: Path) -> Shop:
    users = start("users", **restartable(folder))
    orders = start("orders", **calling(users))
    gateway = start("gateway", **calling(users), ORDERS_URL=orders.url)
    return Shop(gateway=gateway, orders=orders, users=users)


@pytest.fixture
def client(shop: Shop) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shop.gateway.url, timeout=10) as client:
        yield client


def token(client: httpx.Client, **form: str) -> httpx.Response:
    return client.post("/oauth/token", data=form)


def log_in(client: httpx.Client, **changes: str) -> dict[str, str]:
    """Return the parameters of the address that the browser is sent to."""
    answer = client.post("/oauth/authorize", data={**ASKED, **LOGIN, **changes})
    assert answer.status_code == 303
    location = answer.headers["location"]
    assert location.startswith(f"{REDIRECT_URI}?")
    return {name: value for name, [value] in parse_qs(urlsplit(location).query).items()}


def code(client: httpx.Client) -> str:
    return log_in(client)["code"]


def error(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()["error"]


def refresh(client: httpx.Client, secret: str, **changes: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "client_id": BROWSER_CLIENT, "refresh_token": secret}
    return token(client, **{**form, **changes})


def test_a_user_allows_a_client_to_place_an_order(client: httpx.Client) -> None:
    page = client.get("/oauth/authorize", params=ASKED)
    returned = log_in(client)

    answer = token(client, **REDEEMED, code=returned["code"])

    issued = answer.json()
    headers = authorization(issued["access_token"])
    order = {"user_id": 10, "product": "tea", "quantity": 1}
    assert page.status_code == 200
    assert "orders:write" in page.text
    assert (returned["state"], returned["iss"]) == ("a b&c", "https://users.shop.example")
    assert answer.headers["cache-control"] == "no-store"
    assert (issued["token_type"], issued["expires_in"]) == ("Bearer", 300)
    assert client.post("/api/orders", json=order, headers=headers).status_code == 201
    refused = client.put("/api/users/10", json={"name": "Ada"}, headers=headers)
    assert refused.status_code == 403  # the user allowed orders alone


def test_a_client_gets_a_token_for_itself(client: httpx.Client) -> None:
    by_header = client.post(
        "/oauth/token",
        data={**CREDENTIALS, "scope": "users:write"},
        auth=(TRAFFIC_CLIENT, DEMO_CREDENTIAL),
    )
    by_form = token(client, **CREDENTIALS, client_id=TRAFFIC_CLIENT, client_secret=DEMO_CREDENTIAL)

    assert (by_header.status_code, by_form.status_code) == (200, 200)
    assert by_header.json()["scope"] == "users:write"
    assert "refresh_token" not in by_form.json()


def test_a_refresh_token_is_replaced_at_each_use(client: httpx.Client) -> None:
    first = token(client, **REDEEMED, code=code(client)).json()["refresh_token"]

    second = refresh(client, first).json()["refresh_token"]
    third = refresh(client, second)

    assert third.status_code == 200
    assert len({first, second, third.json()["refresh_token"]}) == 3


def test_a_replayed_refresh_token_revokes_its_family(client: httpx.Client, shop: Shop) -> None:
    first = token(client, **REDEEMED, code=code(client)).json()["refresh_token"]
    second = refresh(client, first).json()["refresh_token"]

    replayed = refresh(client, first)

    assert error(replayed) == (400, "invalid_grant")
    assert error(refresh(client, second)) == (400, "invalid_grant")
    counted = shop.users.samples("authentication_tokens_refused_total")
    assert counted['{reason="replayed"}'] >= 1


def test_a_replayed_code_revokes_the_tokens_that_it_gave(client: httpx.Client) -> None:
    used = code(client)
    issued = token(client, **REDEEMED, code=used).json()["refresh_token"]

    replayed = token(client, **REDEEMED, code=used)

    assert error(replayed) == (400, "invalid_grant")
    assert error(refresh(client, issued)) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"code_verifier": "x" * 43}, (400, "invalid_grant")),
        ({"code_verifier": "short"}, (400, "invalid_request")),
        ({"redirect_uri": "http://127.0.0.1:8010/other"}, (400, "invalid_grant")),
        ({"code": "unknown"}, (400, "invalid_grant")),
        ({"client_id": "unknown"}, (401, "invalid_client")),
        ({"client_id": TRAFFIC_CLIENT}, (401, "invalid_client")),
        ({"client_secret": "none"}, (401, "invalid_client")),
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
        ({"grant_type": "client_credentials"}, (400, "unauthorized_client")),
        ({"grant_type": ""}, (400, "invalid_request")),
    ],
)
def test_a_wrong_exchange_of_a_code_is_refused(
    client: httpx.Client, change: dict[str, str], expected: tuple[int, str]
) -> None:
    correct = {**REDEEMED, "code": code(client)}

    assert error(token(client, **{**correct, **change})) == expected
    assert token(client, **correct).status_code == 200  # a failed attempt does not use the code


def test_a_refresh_token_gives_no_further_scopes(client: httpx.Client) -> None:
    secret = token(client, **REDEEMED, code=code(client)).json()["refresh_token"]

    assert error(refresh(client, secret, scope="users:write")) == (400, "invalid_scope")
    assert refresh(client, secret, scope="orders:write").status_code == 200


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({"content-type": "application/json"}, b"{}"),
        ({"content-type": "application/x-www-form-urlencoded"}, b"grant_type=a&grant_type=b"),
        ({"content-type": "application/x-www-form-urlencoded"}, b"\xff=\xff"),
        ({"content-type": "application/x-www-form-urlencoded"}, b"a=%ff"),
        ({"content-type": "application/x-www-form-urlencoded"}, b"x=" + b"y" * 20_000),
        ({"content-type": "application/x-www-form-urlencoded"}, b"&".join([b"a=1"] * 50)),
        ({"content-type": "application/x-www-form-urlencoded"}, b""),
    ],
)
def test_a_malformed_request_is_refused(
    client: httpx.Client, headers: dict[str, str], content: bytes
) -> None:
    answer = client.post("/oauth/token", headers=headers, content=content)

    assert error(answer) == (400, "invalid_request")


@pytest.mark.parametrize("given", ["Basic !", "Basic eA==", "Bearer x", "Basic dHJhZmZpYzp4"])
def test_wrong_credentials_of_a_client_are_refused(client: httpx.Client, given: str) -> None:
    answer = client.post("/oauth/token", data=CREDENTIALS, headers={"authorization": given})

    assert error(answer) == (401, "invalid_client")
    assert answer.headers["www-authenticate"] == 'Basic realm="shop"'


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"decision": "deny", "password": ""}, "access_denied"),
    ],
)
def test_the_client_is_told_why_it_gets_no_code(
    client: httpx.Client, change: dict[str, str], expected: str
) -> None:
    returned = log_in(client, **change)

    assert (returned["error"], returned["state"]) == (expected, "a b&c")
    assert "code" not in returned


@pytest.mark.parametrize(
    "change", [{"redirect_uri": "https://example.com"}, {"client_id": "unknown"}]
)
def test_a_code_is_sent_to_no_other_address(client: httpx.Client, change: dict[str, str]) -> None:
    answers = [
        client.get("/oauth/authorize", params={**ASKED, **change}),
        client.post("/oauth/authorize", data={**ASKED, **LOGIN, **change}),
    ]

    assert [answer.status_code for answer in answers] == [400, 400]


def test_a_wrong_password_shows_the_form_again(client: httpx.Client) -> None:
    wrong = {**ASKED, **LOGIN, "password": "wrong", "state": '"><script>'}

    page = client.post("/oauth/authorize", data=wrong)

    assert page.status_code == 403
    assert "Name or password is wrong." in page.text
    assert "<script>" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_the_database_has_no_code_and_no_refresh_token(client: httpx.Client, folder: Path) -> None:
    used = code(client)
    secret = token(client, **REDEEMED, code=used).json()["refresh_token"]

    with closing(sqlite3.connect(folder / "users.db")) as database:
        stored = repr(database.execute("SELECT * FROM grants").fetchall())

    assert "code" in stored
    assert used not in stored
    assert secret not in stored


def test_secrets_of_grants_reach_no_log(client: httpx.Client, shop: Shop) -> None:
    used = code(client)
    secret = token(client, **REDEEMED, code=used).json()["refresh_token"]
    refresh(client, secret)
    client.post("/oauth/token", data=CREDENTIALS, auth=(TRAFFIC_CLIENT, DEMO_CREDENTIAL))

    logs = shop.gateway.log.read_text() + shop.users.log.read_text()

    secrets = (used, secret, VERIFIER, DEMO_CREDENTIAL, LOGIN["password"])
    assert [text for text in secrets if text in logs] == []
