"""Overlay secure.yml: every service is healthy, and every port needs authentication."""

import os
import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from demo_services.tls import Identity
from sightline.artifacts import COMPOSE_FILE, ROOT
from tests.docker.conftest import PUBLISHED
from tests.docker.engine import LAB, STAND_INS, Project, run
from tests.ports import free_ports
from tests.waiting import until

OVERLAY = ROOT / "deploy" / "compose" / "secure.yml"
SECRETS = ROOT / "deploy" / "compose" / "secrets"
STAND_INS_SECURE = STAND_INS.with_name("stand-ins-secure.yml")

WITH_PASSWORD = ("PROMETHEUS_PORT", "ALERTMANAGER_PORT")
WITH_CERTIFICATE = ("GATEWAY_PORT", "CONTROL_PORT")
OFFICIAL_IMAGES = ("JAEGER_QUERY_PORT", "GRAFANA_PORT")
"""Ports that stand-ins in the lab serve without TLS."""

PROTECTED = WITH_PASSWORD if LAB.exists() else (*WITH_PASSWORD, *OFFICIAL_IMAGES)


@pytest.fixture(scope="module")
def secrets() -> Iterator[Path]:
    created = not SECRETS.exists()
    if created:
        run(["/bin/sh", str(OVERLAY.with_name("certificates.sh"))])
    yield SECRETS
    if created:
        shutil.rmtree(SECRETS)


@pytest.fixture(scope="module")
def secure(env_file: Path, secrets: Path) -> Iterator[Project]:
    """Healthy stack with the overlay."""
    assert secrets.is_dir()
    stand_ins = (STAND_INS, STAND_INS_SECURE) if LAB.exists() else ()
    project = Project(
        name=f"sightline-secure-{os.getpid()}",
        files=(COMPOSE_FILE, OVERLAY, *stand_ins),
        env_file=env_file,
        environ=dict(zip(PUBLISHED, map(str, free_ports(len(PUBLISHED))), strict=True)),
    )
    with project.running():
        yield project


@pytest.fixture(scope="module")
def trusting(secrets: Path) -> ssl.SSLContext:
    """TLS context that trusts the stack's authority, without a client certificate."""
    return ssl.create_default_context(cafile=secrets / "ca.pem")


@pytest.fixture(scope="module")
def you(secrets: Path) -> ssl.SSLContext:
    """TLS context that trusts the stack's authority, with the certificate for people."""
    folder = secrets / "you"
    files = {name: str(folder / f"{name}.pem") for name in ("cert", "key", "ca")}
    return Identity(certificate=files["cert"], key=files["key"], authority=files["ca"]).context()


def url(project: Project, port: str) -> str:
    return f"https://localhost:{project.environ[port]}"


def test_every_service_is_healthy(secure: Project) -> None:
    services = secure.lasting_services()

    health = {name: secure.inspect(name)["State"]["Health"]["Status"] for name in services}

    assert health == dict.fromkeys(services, "healthy")


@pytest.mark.parametrize("port", PROTECTED)
def test_a_page_requires_the_password(secure: Project, trusting: ssl.SSLContext, port: str) -> None:
    page = url(secure, port)

    unknown = httpx.get(page, verify=trusting)
    guess = httpx.get(page, verify=trusting, auth=("sightline", "guess"))

    assert (unknown.status_code, guess.status_code) == (401, 401)


@pytest.mark.parametrize("port", WITH_CERTIFICATE)
def test_a_service_rejects_a_client_without_a_certificate(
    secure: Project, trusting: ssl.SSLContext, port: str
) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{url(secure, port)}/healthz", verify=trusting)


@pytest.mark.parametrize("port", [*PROTECTED, *WITH_CERTIFICATE])
def test_a_client_without_the_authority_rejects_the_server(secure: Project, port: str) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(url(secure, port), verify=ssl.create_default_context())


def test_a_client_with_a_certificate_is_served(secure: Project, you: ssl.SSLContext) -> None:
    answer = httpx.get(f"{url(secure, 'GATEWAY_PORT')}/api/orders/7", verify=you)

    assert answer.status_code == 200


def test_prometheus_reaches_every_target_over_tls(
    secure: Project, trusting: ssl.SSLContext, secrets: Path
) -> None:
    credentials = ("sightline", (secrets / "you" / "password").read_text())
    page = f"{url(secure, 'PROMETHEUS_PORT')}/api/v1/query?query=up==0 or absent(up)"

    def down() -> list[object]:
        answer = httpx.get(page, verify=trusting, auth=credentials).json()["data"]["result"]
        return list(answer)

    until(lambda: not down(), within_seconds=90)


def test_the_watchdog_reaches_the_inbox_over_tls(secure: Project, you: ssl.SSLContext) -> None:
    page = f"{url(secure, 'CONTROL_PORT')}/api/alerts"

    until(
        lambda: httpx.get(page, verify=you).json()["watchdog"]["state"] == "alive",
        within_seconds=120,
    )
