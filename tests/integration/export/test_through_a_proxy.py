"""Export through the proxy of the environment, like requests and curl."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from instrumentation.errors import ConfigurationError
from tests.fakes import Collector, Proxy, Tls
from tests.integration.export.conftest import Service

BASIC = "Basic bWU6aHVudGVyIDI="
"""``me`` with the password ``hunter 2``."""


@pytest.fixture
def proxy(collector: Collector) -> Iterator[Proxy]:
    with Proxy(collector.http_port) as proxy:
        yield proxy


def test_a_request_to_the_proxy_contains_the_collectors_url(
    collector: Collector, proxy: Proxy
) -> None:
    service = Service(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.example:4318",
            "HTTP_PROXY": f"http://me:hunter%202@{proxy.address}",
        }
    )

    service.work(3)

    assert service.export.flush(30)
    assert len(collector.spans) == 3
    assert proxy.asked == ["POST http://collector.example:4318/v1/traces"]
    assert proxy.authorized == [BASIC]
    assert service.export.shutdown_within(30)


def test_encrypted_requests_use_a_tunnel(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    served = authority.issue_cert("collector.example").private_key_and_cert_chain_pem
    served.write_to_path(str(tmp_path / "server.pem"))
    tls = Tls(certificate=str(tmp_path / "server.pem"), client_authority="")
    with Collector(tls) as collector, Proxy(collector.http_port) as proxy:
        service = Service(
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example:4318",
                "OTEL_EXPORTER_OTLP_CERTIFICATE": str(tmp_path / "authority.pem"),
                "HTTPS_PROXY": f"http://me:hunter%202@{proxy.address}",
            }
        )
        service.work(3)

        assert service.export.flush(30)
        assert len(collector.spans) == 3
        assert service.export.shutdown_within(30)
    assert (proxy.asked, proxy.authorized) == (["CONNECT collector.example:4318"], [BASIC])


def test_a_collector_on_loopback_is_not_proxied(collector: Collector, proxy: Proxy) -> None:
    service = Service(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.http_endpoint,
            "HTTP_PROXY": f"http://{proxy.address}",
        }
    )

    service.work(3)

    assert service.export.flush(30)
    assert (len(collector.spans), proxy.asked) == (3, [])
    assert service.export.shutdown_within(30)


def test_a_proxy_other_than_http_is_an_error_at_start_up() -> None:
    with pytest.raises(ConfigurationError, match="like http://proxy:3128") as raised:
        Service(
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.example:4318",
                "ALL_PROXY": "socks5://me:hunter2@proxy",
            }
        )

    assert "hunter2" not in str(raised.value)
