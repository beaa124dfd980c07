"""Settings, scopes, keys and the key set of tokens."""

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from prometheus_client import CollectorRegistry

from demo_services.auth import scopes
from demo_services.auth.clients import demo_clients, log_in
from demo_services.auth.key_set import KeySet
from demo_services.auth.keys import (
    KeysError,
    PublicKeys,
    create_pem,
    create_shared_key,
    from_key_set,
    from_pem,
    read_shared_key,
    to_key_set,
)
from demo_services.auth.refusal import RESULTS, RefusedError
from demo_services.auth.scopes import required_scope
from demo_services.auth.settings import AuthSettings
from demo_services.auth.token_endpoint import challenge_of

KEY = from_pem("a", create_pem())


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("JWT_ALG", "none", "expected ES256 or HS256"),
        ("JWT_ROTATION_HOURS", "0", "expected hours from 0.001 to 86400"),
        ("JWT_LIFETIME_SECONDS", "soon", "expected seconds from 1 to 86400"),
        ("JWT_LIFETIME_SECONDS", "nan", "expected seconds from 1 to 86400"),
    ],
)
def test_an_invalid_setting_names_variable_value_and_expectation(
    variable: str, value: str, expected: str
) -> None:
    with pytest.raises(ValueError, match="expected") as error:
        AuthSettings.from_env({variable: value})

    assert str(error.value) == f"{variable}={value!r}: {expected}"


@pytest.mark.parametrize(
    ("rules", "method", "path", "expected"),
    [
        (scopes.GATEWAY, "GET", "/api/orders/7", "orders:read"),
        (scopes.GATEWAY, "POST", "/api/orders", "orders:write"),
        (scopes.GATEWAY, "PUT", "/api/users/7", "users:write"),
        (scopes.GATEWAY, "POST", "/api/users/import", "users:write"),
        (scopes.GATEWAY, "DELETE", "/new", "orders:write"),
        (scopes.GATEWAY, "POST", "/oauth/token", None),
        (scopes.GATEWAY, "GET", "/metrics", None),
        (scopes.ORDERS, "POST", "/orders", "orders:write"),
        (scopes.USERS, "PUT", "/users/3", "users:write"),
        (scopes.USERS, "GET", "/.well-known/jwks.json", None),
    ],
)
def test_each_request_has_a_scope(
    rules: scopes.Rules, method: str, path: str, expected: str | None
) -> None:
    assert required_scope(rules, method, path) == expected


def test_a_key_set_has_public_keys_alone() -> None:
    document = to_key_set([KEY])

    assert document["keys"][0].keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert from_key_set(document)["a"] == KEY.public


@pytest.mark.parametrize("document", [[], {}, {"keys": []}, {"keys": [1]}, "x", {"keys": [{}]}])
def test_an_invalid_key_set_is_an_error(document: object) -> None:
    with pytest.raises(KeysError):
        from_key_set(document)


def test_keys_of_other_curves_are_ignored() -> None:
    other = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True)
    document = to_key_set([KEY])
    document["keys"].append({**other, "kid": "b"})

    assert list(from_key_set(document)) == ["a"]


def test_a_shared_key_is_created_once(tmp_path: Path) -> None:
    file = tmp_path / "key"

    create_shared_key(file)
    first = read_shared_key(file)
    create_shared_key(file)

    assert read_shared_key(file) == first
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize("content", [None, b"", b"short"])
def test_a_missing_or_short_shared_key_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)

    with pytest.raises(KeysError):
        read_shared_key(tmp_path / "key")


def test_no_key_is_printed() -> None:
    assert "private" not in repr(KEY)
    assert "secret" not in repr(demo_clients("hidden"))


@pytest.mark.parametrize(
    ("secret", "expected"), [("right", True), ("wrong", False), ("", False), (None, False)]
)
def test_a_client_with_a_secret_needs_it(secret: str | None, *, expected: bool) -> None:
    assert demo_clients("right")["traffic"].authenticates(secret) is expected


@pytest.mark.parametrize(
    ("name", "password", "expected"),
    [("ada", "lovelace", "10"), ("ada", "", None), ("eve", "", None), ("", "", None)],
)
def test_only_a_known_user_with_the_password_logs_in(
    name: str, password: str, expected: str | None
) -> None:
    assert log_in(name, password) == expected


def test_the_challenge_is_that_of_the_standard() -> None:
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class Issuer:
    """Source of keys that can be away, and counts how often it is asked."""

    def __init__(self, *key_ids: str) -> None:
        self.keys: PublicKeys = dict.fromkeys(key_ids, KEY.public)
        self.asked = 0
        self.away = False

    async def load(self) -> PublicKeys:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise KeysError("away")
        return self.keys


def test_concurrent_requests_with_unknown_keys_cause_one_refresh() -> None:
    async def ask() -> list[str]:
        keys = KeySet(issuer.load, CollectorRegistry())
        attempts = (keys.find(f"unknown{number}") for number in range(50))
        errors = await asyncio.gather(*attempts, return_exceptions=True)
        await asyncio.gather(*(keys.find("unknown") for _ in range(50)), return_exceptions=True)
        return [error.result for error in errors if isinstance(error, RefusedError)]

    issuer = Issuer("a")

    assert asyncio.run(ask()) == ["unknown_key"] * 50
    assert issuer.asked == 1


def test_known_keys_are_kept_while_their_source_is_away() -> None:
    async def ask() -> bool:
        keys = KeySet(issuer.load, registry)
        await keys.find("a")
        issuer.away = True
        refreshed = await keys.refresh()
        return await keys.find("a") == KEY.public and not refreshed

    issuer, registry = Issuer("a"), CollectorRegistry()

    assert asyncio.run(ask())
    name = "authentication_key_set_refreshes_total"
    assert registry.get_sample_value(name, {"result": "failure"}) == 1


def test_without_any_key_no_token_can_be_judged() -> None:
    async def ask() -> None:
        await KeySet(issuer.load, CollectorRegistry()).find("a")

    issuer = Issuer()
    issuer.away = True

    with pytest.raises(RefusedError) as error:
        asyncio.run(ask())

    assert error.value.status_code == 503


@pytest.mark.parametrize(
    "result", [result for result in RESULTS if result not in {"valid", "guest"}]
)
def test_every_refusal_has_a_response(result: str) -> None:
    response = RefusedError(result, scope="orders:write").response()

    assert response.status_code in {401, 403, 503}
    assert set(response.headers) & {"www-authenticate", "retry-after"}
