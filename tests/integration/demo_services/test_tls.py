"""Mutual TLS between the services and with their callers."""

import ssl
from functools import partial
from pathlib import Path

import httpx
import pytest

from demo_services.probe import answers
from demo_services.tls import Identity
from tests.integration.demo_services.conftest import Service, Start
from tests.overlay_secrets import make_secrets
from tests.waiting import until


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_secrets(tmp_path_factory.mktemp("checkout"))


def variables(secrets: Path, name: str) -> dict[str, str]:
    folder = secrets / name
    return {
        "TLS_CERT_FILE": str(folder / "cert.pem"),
        "TLS_KEY_FILE": str(folder / "key.pem"),
        "TLS_CA_FILE": str(folder / "ca.pem"),
    }


def identity(secrets: Path, name: str) -> Identity:
    found = Identity.from_env(variables(secrets, name))
    assert found
    return found


def over_tls(service: Service) -> str:
    """Return the base URL over TLS. Certificates are issued for localhost and the address."""
    return service.url.replace("http://127.0.0.1", "https://localhost")


@pytest.fixture(scope="module")
def gateway(start: Start, secrets: Path) -> str:
    """URL of a gateway in a shop that uses TLS for every connection."""
    users = start("users", ready=False, **variables(secrets, "users"))
    target = {"USERS_GRPC_TARGET": users.target, "USERS_URL": over_tls(users)}
    orders = start("orders", ready=False, **target, **variables(secrets, "orders"))
    peers = {"ORDERS_URL": over_tls(orders), **target}
    service = start("gateway", ready=False, **peers, **variables(secrets, "gateway"))
    you = identity(secrets, "you")
    for peer in (users, orders, service):
        url = f"{over_tls(peer)}/readyz"
        until(partial(answers, url, identity=you), within_seconds=60)
    return over_tls(service)


@pytest.mark.parametrize("path", ["/api/orders/7", "/api/report/7", "/api/users/watch?seconds=0.1"])
def test_a_caller_with_a_certificate_is_served_through_all_services(
    gateway: str, secrets: Path, path: str
) -> None:
    context = identity(secrets, "you").context()

    assert httpx.get(f"{gateway}{path}", verify=context).status_code == 200


def test_a_caller_without_a_certificate_is_rejected(gateway: str, secrets: Path) -> None:
    context = ssl.create_default_context(cafile=secrets / "ca.pem")

    with pytest.raises(httpx.TransportError):
        httpx.get(f"{gateway}/api/orders/7", verify=context)


def test_a_caller_with_a_certificate_of_another_authority_is_rejected(
    gateway: str, secrets: Path, tmp_path: Path
) -> None:
    unknown = identity(make_secrets(tmp_path), "you")
    context = ssl.create_default_context(cafile=secrets / "ca.pem")
    context.load_cert_chain(unknown.certificate, unknown.key)

    with pytest.raises(httpx.TransportError):
        httpx.get(f"{gateway}/api/orders/7", verify=context)


def test_a_caller_without_tls_is_rejected(gateway: str) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(gateway.replace("https", "http"))


def test_a_missing_file_prevents_the_start(start: Start, secrets: Path) -> None:
    service = start("users", ready=False, **{**variables(secrets, "users"), "TLS_KEY_FILE": "gone"})

    assert service.process.wait(timeout=60) == 1
    message = "TLS_KEY_FILE='gone': expected a PEM file, as for all three"
    assert service.log.read_text().splitlines()[-1] == message
