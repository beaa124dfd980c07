"""Export over TLS: verification of the collector, and client certificates."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from instrumentation.errors import ConfigurationError
from tests.fakes import Collector, Tls
from tests.integration.export.conftest import Services
from tests.waiting import until


class Pki:
    """Certificate authority and the files that it issued."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        server, client = authority.issue_cert("127.0.0.1"), authority.issue_cert("orders")
        self.authority = str(folder / "authority.pem")
        self.server = str(folder / "server.pem")
        self.certificate = str(folder / "client.pem")
        self.key = str(folder / "client.key")
        authority.cert_pem.write_to_path(self.authority)
        server.private_key_and_cert_chain_pem.write_to_path(self.server)
        client.cert_chain_pems[0].write_to_path(self.certificate)
        client.private_key_pem.write_to_path(self.key)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def collector(pki: Pki) -> Iterator[Collector]:
    with Collector(Tls(certificate=pki.server, client_authority=pki.authority)) as collector:
        yield collector


def test_a_trusted_client_exports_to_a_trusted_collector(
    collector: Collector, services: Services, protocol: str, pki: Pki
) -> None:
    service = services(
        protocol,
        EXPORTER_OTLP_CERTIFICATE=pki.authority,
        EXPORTER_OTLP_CLIENT_CERTIFICATE=pki.certificate,
        EXPORTER_OTLP_CLIENT_KEY=pki.key,
    )

    service.work(3)

    assert service.export.flush(30)
    assert len(collector.spans) == 3


def test_an_untrusted_collector_receives_nothing(
    collector: Collector, services: Services, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    service = services(protocol)

    service.work(3)

    until(lambda: "fails" in caplog.text, within_seconds=30)
    assert collector.requests == []
    assert service.export.stats().queued == 3


def test_a_client_without_a_certificate_is_refused(
    collector: Collector, services: Services, protocol: str, pki: Pki
) -> None:
    service = services(protocol, EXPORTER_OTLP_CERTIFICATE=pki.authority)

    service.work(3)

    assert not service.export.flush(0.5)
    assert collector.requests == []


def test_a_missing_file_is_named_at_start_up(services: Services, protocol: str) -> None:
    with pytest.raises(ConfigurationError, match=r"gone\.pem.*PEM"):
        services(protocol, EXPORTER_OTLP_CERTIFICATE="gone.pem")
