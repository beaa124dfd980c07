"""Tokens that are refused by every service, over HTTP and gRPC, and what is recorded of them."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from demo_services.auth.keys import SigningKey, create_pem, from_pem
from demo_services.auth.tokens import AUDIENCES, ISSUER, sign
from demo_services.rpc import users_pb2, users_pb2_grpc
from tests.fakes import Collector
from tests.integration.demo_services.conftest import Service, Shop, Start, calling
from tests.integration.demo_services.test_answers import restartable
from tests.integration.demo_services.test_traces import spans_of
from tests.tokens import authorization, signing_key
from tests.waiting import until

ORDER = {"user_id": 3, "product": "tea", "quantity": 1}

Sign = Callable[..., str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokens")


@pytest.fixture(scope="module")
def shop(start: Start, folder: Path) -> Shop:
    users = start("users", **restartable(folder))
    orders = start("orders", **calling(users))
    gateway = start("gateway", **calling(users), ORDERS_URL=orders.url)
    return Shop(gateway=gateway, orders=orders, users=users)


@pytest.fixture(scope="module")
def key(shop: Shop, folder: Path) -> SigningKey:
    """Key with which users signs."""
    until(shop.users.ready, within_seconds=60)
    return signing_key(folder / "users.db")


def claims(**changes: object) -> dict[str, Any]:
    now = int(time.time())
    valid = {
        "iss": ISSUER,
        "aud": list(AUDIENCES),
        "sub": "10",
        "client_id": "browser",
        "scope": "orders:write users:write",
        "iat": now,
        "exp": now + 60,
        "jti": "1",
    }
    return {**valid, **changes}


def without(name: str) -> dict[str, Any]:
    return {claim: value for claim, value in claims().items() if claim != name}


def encoded(key: SigningKey, algorithm: str, secret: object, **headers: str) -> str:
    header = {"kid": key.id, "typ": "at+jwt", **headers}
    signing: Any = secret
    return jwt.encode(claims(), signing, algorithm=algorithm, headers=header)


def unsigned(key: SigningKey) -> str:
    return encoded(key, "none", None)


def confused(key: SigningKey) -> str:
    """Return a token whose HMAC has the public key as its secret."""
    assert not isinstance(key.public, bytes)
    numbers = key.public.public_numbers()
    return encoded(key, "HS256", f"{numbers.x:064x}{numbers.y:064x}".encode())


def other_key(key: SigningKey) -> str:
    return sign(from_pem(key.id, create_pem()), claims())


def unknown_key(_: SigningKey) -> str:
    return sign(from_pem("unknown", create_pem()), claims())


def other_curve(key: SigningKey) -> str:
    return encoded(key, "ES384", ec.generate_private_key(ec.SECP384R1()))


def changed_payload(key: SigningKey) -> str:
    header, _, signature = sign(key, claims()).split(".")
    _, payload, _ = sign(from_pem("mine", create_pem()), claims(sub="1")).split(".")
    return f"{header}.{payload}.{signature}"


def changed_signature(key: SigningKey) -> str:
    signed, _, signature = sign(key, claims()).rpartition(".")
    return f"{signed}.{signature[::-1]}"


def with_claims(changed: Callable[[], dict[str, Any]]) -> Callable[[SigningKey], str]:
    return lambda key: sign(key, changed())


REFUSED: dict[str, tuple[Callable[[SigningKey], str], str]] = {
    "alg none": (unsigned, "invalid"),
    "public key as secret": (confused, "invalid"),
    "another curve": (other_curve, "invalid"),
    "another key": (other_key, "invalid"),
    "unknown key": (unknown_key, "unknown_key"),
    "changed payload": (changed_payload, "invalid"),
    "changed signature": (changed_signature, "invalid"),
    "no token": (lambda _: "malformed", "invalid"),
    "another type": (lambda key: encoded(key, "ES256", key.private, typ="JWT"), "invalid"),
    "wrong audience": (with_claims(lambda: claims(aud=["mail"])), "wrong_audience"),
    "no audience": (with_claims(lambda: without("aud")), "invalid"),
    "wrong issuer": (with_claims(lambda: claims(iss="https://example.com")), "wrong_issuer"),
    "expired": (with_claims(lambda: claims(exp=int(time.time()) - 60)), "expired"),
    "no expiry": (with_claims(lambda: without("exp")), "invalid"),
    "not yet valid": (with_claims(lambda: claims(nbf=int(time.time()) + 60)), "not_yet_valid"),
    "issued in the future": (
        with_claims(lambda: claims(iat=int(time.time()) + 60)),
        "not_yet_valid",
    ),
    "scope as a list": (with_claims(lambda: claims(scope=["orders:write"])), "invalid"),
}

READS = {"gateway": "/api/orders/7", "orders": "/orders/7", "users": "/users/7"}
WRITES = {
    "gateway": ("POST", "/api/orders", ORDER),
    "orders": ("POST", "/orders", ORDER),
    "users": ("PUT", "/users/3", {"name": "Kai"}),
}


def service_of(shop: Shop, name: str) -> Service:
    service: Service = getattr(shop, name)
    return service


def counted(service: Service, result: str) -> float:
    return service.samples("authentication_verifications_total")[f'{{result="{result}"}}']


def write(service: Service, headers: dict[str, str]) -> int:
    method, path, body = WRITES[service.name]
    return service.send(method, path, body, **headers).status_code


def call(
    users: Service,
    headers: dict[str, str],
    procedure: str,
    request: Any,  # noqa: ANN401  any message
) -> grpc.StatusCode:
    """Return the status code of a call of the gRPC interface of *users*."""
    with grpc.insecure_channel(users.target) as channel:
        stub = users_pb2_grpc.UserServiceStub(channel)  # type: ignore[no-untyped-call]  # generated
        try:
            answer = getattr(stub, procedure)(request, metadata=[*headers.items()], timeout=10)
            list(answer) if hasattr(answer, "__iter__") else answer
        except grpc.RpcError as error:
            code: grpc.StatusCode = error.code()
            return code
    return grpc.StatusCode.OK


GET = users_pb2.GetUserRequest(id=3)
WATCH = users_pb2.WatchUsersRequest(seconds=0.1)


@pytest.mark.parametrize("name", ["gateway", "orders", "users"])
@pytest.mark.parametrize("forged", REFUSED)
def test_a_forged_token_is_refused_by_every_service(
    shop: Shop, key: SigningKey, name: str, forged: str
) -> None:
    service, (make, result) = service_of(shop, name), REFUSED[forged]
    headers, before = authorization(make(key)), counted(service, result)

    read = service.get(READS[name], **headers)
    written = write(service, headers)

    assert (read.status_code, written) == (401, 401)
    assert 'error="invalid_token"' in read.headers["www-authenticate"]
    assert counted(service, result) == before + 2


@pytest.mark.parametrize("forged", REFUSED)
def test_a_forged_token_is_refused_over_grpc(shop: Shop, key: SigningKey, forged: str) -> None:
    headers = authorization(REFUSED[forged][0](key))

    codes = [
        call(shop.users, headers, "GetUser", GET),
        call(shop.users, headers, "WatchUsers", WATCH),
        call(shop.users, headers, "ImportUsers", iter([])),
        call(shop.users, headers, "SyncUsers", iter([])),
    ]

    assert codes == [grpc.StatusCode.UNAUTHENTICATED] * 4


@pytest.mark.parametrize("name", ["gateway", "orders", "users"])
def test_a_token_of_users_is_accepted_for_reads_and_writes(
    shop: Shop, key: SigningKey, name: str
) -> None:
    service, headers = service_of(shop, name), authorization(sign(key, claims()))

    assert service.get(READS[name], **headers).status_code == 200
    assert write(service, headers) in {200, 201}


@pytest.mark.parametrize("name", ["gateway", "orders", "users"])
def test_a_guest_reads_and_does_not_write(shop: Shop, name: str) -> None:
    service = service_of(shop, name)
    method, path, body = WRITES[name]

    refused = service.anonymous(method, path, body)

    assert service.get(READS[name]).status_code == 200
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith('Bearer realm="shop", scope="')


@pytest.mark.parametrize("name", ["gateway", "orders", "users"])
def test_a_token_without_the_scope_reads_and_does_not_write(
    shop: Shop, key: SigningKey, name: str
) -> None:
    service = service_of(shop, name)
    headers = authorization(sign(key, claims(scope="mail:send")))
    method, path, body = WRITES[name]

    refused = service.send(method, path, body, **headers)

    assert service.get(READS[name], **headers).status_code == 200
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]


def test_scopes_hold_over_grpc(shop: Shop, key: SigningKey) -> None:
    weak = authorization(sign(key, claims(scope="orders:write")))
    strong = authorization(sign(key, claims(scope="users:write")))

    codes = [
        call(shop.users, headers, procedure, request)
        for headers in ({}, weak, strong)
        for procedure, request in (("GetUser", GET), ("ImportUsers", iter([])))
    ]

    code = grpc.StatusCode
    guest, other = [code.OK, code.UNAUTHENTICATED], [code.OK, code.PERMISSION_DENIED]
    assert codes == [*guest, *other, code.OK, code.OK]


def test_a_service_checks_its_own_audience(shop: Shop, key: SigningKey) -> None:
    headers = authorization(sign(key, claims(aud=["gateway"])))

    assert shop.gateway.get("/healthz", **headers).status_code == 200
    assert shop.orders.get("/orders/7", **headers).status_code == 401
    assert shop.gateway.get("/api/orders/7", **headers).status_code == 401  # from orders


@pytest.mark.parametrize("scheme", ["Basic dHJhZmZpYzp4", "Bearer", "Bearer a b", "bearer\ta", "x"])
def test_another_scheme_is_refused(shop: Shop, scheme: str) -> None:
    answer = shop.gateway.get("/api/orders/7", authorization=scheme)

    assert answer.status_code == 401


def test_a_token_reaches_no_span_no_baggage_and_no_log(
    shop: Shop, key: SigningKey, collector: Collector
) -> None:
    token = sign(key, claims(sub="10"))
    trace_id = "7f" * 16
    headers = {**authorization(token), "traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}

    for name in ("gateway", "orders", "users"):
        write(service_of(shop, name), headers)
    shop.gateway.send("POST", "/api/users/import", [], **headers)
    shop.gateway.get(f"/api/report/3?access_token={token}", **headers)
    shop.gateway.get("/api/orders/7", **authorization(f"{token}x"))

    until(lambda: len(list(spans_of(collector, trace_id))) >= 20, within_seconds=60)
    recorded = "".join(str(request.message) for request in collector.requests)
    logs = "".join(service_of(shop, name).log.read_text() for name in WRITES)
    assert "shop.client.id" in recorded
    assert 'key: "user.id"' in recorded
    assert parts_in(recorded, token) == set()
    assert parts_in(logs, token) == set()


def parts_in(text: str, token: str) -> set[str]:
    """Return the parts of *token* that *text* contains."""
    return {part for part in token.split(".") if part in text}
