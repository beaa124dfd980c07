"""Configuration files of `jaeger/` in the real Jaeger 2.20."""

import os
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from demo_services.tls import Identity
from sightline.artifacts import JAEGER
from tests.integration.demo_services.conftest import Shop
from tests.jaeger.conftest import PLAIN, SAMPLED, SECURE, Jaeger, arguments, program
from tests.waiting import until

TRACE = "0af7651916cd43dd8448eb211c80319c"
FAILED = "4bf92f3577b34da6a3ce929d0e0e4736"

Start = Callable[[tuple[Path, ...]], Jaeger]
ShopAt = Callable[..., Shop]


def read(shop: Shop, order: int, trace_id: str) -> None:
    shop.gateway.get(f"/api/orders/{order}", traceparent=f"00-{trace_id}-00f067aa0ba902b7-01")


def services(query: str, trace_id: str, **options: object) -> set[str]:
    """Return the services of the trace in Jaeger, none if it does not exist yet."""
    answer = httpx.get(f"{query}/api/traces/{trace_id}", **options)  # type: ignore[arg-type]  # options of httpx
    data = answer.json()["data"] or [{"processes": {}}]
    return {process["serviceName"] for process in data[0]["processes"].values()}


def is_complete(query: str, trace_id: str, **options: object) -> Callable[[], bool]:
    return lambda: services(query, trace_id, **options) == {"gateway", "orders", "users"}


@pytest.mark.parametrize("files", [PLAIN, SAMPLED, SECURE], ids=["plain", "sampled", "secure"])
def test_the_configuration_is_valid(files: tuple[Path, ...], secrets: Path) -> None:
    environ = {**os.environ, "JAEGER_CONFIG_DIR": str(JAEGER), "JAEGER_UI_DIR": str(JAEGER)}
    environ["JAEGER_SECURE_DIR"] = str(secrets / "jaeger")

    checked = subprocess.run(
        [program(), "validate", *arguments(files)], env=environ, check=False, capture_output=True
    )

    assert checked.returncode == 0, checked.stderr


def test_a_request_is_one_trace_and_counted_in_span_metrics(start: Start, shop_at: ShopAt) -> None:
    jaeger = start(PLAIN)
    read(shop_at(jaeger.url("OTLP_HTTP_PORT")), 7, TRACE)

    until(is_complete(jaeger.url("JAEGER_QUERY_PORT"), TRACE), within_seconds=60)

    own = httpx.get(f"{jaeger.url('JAEGER_METRICS_PORT')}/metrics").text
    assert "otelcol_receiver_accepted_spans_total{" in own
    assert "otelcol_exporter_sent_spans_total{" in own
    spans = f"{jaeger.url('JAEGER_SPAN_METRICS_PORT')}/metrics"
    until(lambda: "traces_span_metrics_calls_total{" in httpx.get(spans).text, within_seconds=60)


def test_jaeger_serves_links_and_sampling_strategies(start: Start) -> None:
    jaeger = start(PLAIN)

    page = httpx.get(jaeger.url("JAEGER_QUERY_PORT")).text
    sampling = httpx.get(f"{jaeger.url('JAEGER_SAMPLING_PORT')}/sampling?service=users").json()

    assert "Dashboard of #{sightline.job}" in page
    assert sampling["probabilisticSampling"] == {"samplingRate": 1}


def test_a_stop_is_fast_and_keeps_stored_traces(
    start: Start, shop_at: ShopAt, tmp_path: Path
) -> None:
    before = start(PLAIN)
    read(shop_at(before.url("OTLP_HTTP_PORT")), 7, TRACE)
    until(is_complete(before.url("JAEGER_QUERY_PORT"), TRACE), within_seconds=60)

    seconds = before.stop_seconds()
    after = start(PLAIN)

    assert seconds < 10
    assert (tmp_path / "data" / "keys").is_dir()
    until(is_complete(after.url("JAEGER_QUERY_PORT"), TRACE), within_seconds=60)


def test_tail_sampling_keeps_errors(start: Start, shop_at: ShopAt) -> None:
    jaeger = start(SAMPLED)

    read(shop_at(jaeger.url("OTLP_HTTP_PORT")), 13, FAILED)

    until(is_complete(jaeger.url("JAEGER_QUERY_PORT"), FAILED), within_seconds=15)


def test_the_secure_jaeger_accepts_services_and_the_password(
    start: Start, shop_at: ShopAt, secrets: Path
) -> None:
    jaeger = start(SECURE)
    query = jaeger.url("JAEGER_QUERY_PORT", scheme="https")
    otlp = jaeger.url("OTLP_HTTP_PORT", scheme="https")
    you = secrets / "you"
    trusting = ssl.create_default_context(cafile=you / "ca.pem")
    credentials = ("sightline", (you / "password").read_text())

    read(shop_at(otlp, **export_identity(secrets)), 7, TRACE)

    until(is_complete(query, TRACE, verify=trusting, auth=credentials), within_seconds=60)
    assert httpx.get(f"{query}/api/services", verify=trusting).status_code == 401
    wrong = httpx.get(f"{query}/api/services", verify=trusting, auth=("sightline", "guess"))
    assert wrong.status_code == 401


def test_the_secure_jaeger_rejects_spans_without_a_certificate(start: Start, secrets: Path) -> None:
    otlp = start(SECURE).url("OTLP_HTTP_PORT", scheme="https")
    trusting = ssl.create_default_context(cafile=secrets / "ca.pem")
    you = Identity.from_env(
        {
            "TLS_CERT_FILE": str(secrets / "you" / "cert.pem"),
            "TLS_KEY_FILE": str(secrets / "you" / "key.pem"),
            "TLS_CA_FILE": str(secrets / "ca.pem"),
        }
    )
    span = {"url": f"{otlp}/v1/traces", "json": {}}

    with pytest.raises(httpx.TransportError):
        httpx.post(**span, verify=trusting)  # type: ignore[arg-type]  # keywords by name
    assert you is not None
    assert httpx.post(**span, verify=you.context()).status_code == 200  # type: ignore[arg-type]  # as above


def export_identity(secrets: Path) -> dict[str, str]:
    folder = secrets / "gateway"
    return {
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(folder / "ca.pem"),
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(folder / "cert.pem"),
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(folder / "key.pem"),
    }
