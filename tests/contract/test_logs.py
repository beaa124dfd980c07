"""The overlay `logs`: hardened as the rest is, and links between logs and traces end somewhere."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo_services.graph import CALLS
from sightline.artifacts import COMPOSE_FILE, GRAFANA, JAEGER, ROOT

OVERLAY = ROOT / "deploy" / "compose" / "logs"

DOCUMENTED = {
    "derivedFields": {
        *("name", "matcherType", "matcherRegex", "datasourceUid", "url", "urlDisplayLabel"),
    },
    "tracesToLogsV2": {
        *("datasourceUid", "spanStartTimeShift", "spanEndTimeShift", "tags", "filterByTraceID"),
        *("filterBySpanID", "customQuery", "query"),
    },
}
"""Keys that Grafana knows. Source: its pages "Configure the Loki data source", "Trace to logs"."""


def document(path: Path) -> Any:  # noqa: ANN401  any YAML
    return yaml.safe_load(path.read_text(encoding="utf-8"))


COMPOSE = document(COMPOSE_FILE)
SERVICES = document(OVERLAY.with_suffix(".yml"))["services"]
LOKI = document(OVERLAY / "loki.yaml")
BASE = {
    source["uid"]: source
    for source in document(GRAFANA / "provisioning" / "datasources" / "datasources.yaml")[
        "datasources"
    ]
}
ADDED = {source["uid"]: source for source in document(OVERLAY / "datasources.yaml")["datasources"]}


def uids(value: Any) -> Iterator[str]:  # noqa: ANN401  any YAML
    """Every data source that *value* leads to."""
    match value:
        case Mapping():
            yield from (found for item in value.values() for found in uids(item))
            yield from (value[key] for key in ("datasourceUid", "alertmanagerUid") if key in value)
        case list():
            yield from (found for item in value for found in uids(item))


def test_loki_is_hardened_as_the_rest_is() -> None:
    loki = SERVICES["loki"]

    assert loki.items() >= COMPOSE["x-hardened"].items()
    assert loki["user"] == "10001:10001"
    assert loki["networks"] == ["telemetry"]
    assert loki.keys().isdisjoint({"ports", "privileged", "cap_add", "devices"})
    assert loki.keys() >= {"mem_limit", "cpus"}


def test_loki_says_when_it_is_healthy_as_often_as_the_rest() -> None:
    health = SERVICES["loki"]["healthcheck"]

    assert health["test"] == ["CMD", "/usr/bin/loki", "-health"]
    assert {**COMPOSE["x-healthcheck"], "timeout": "6s"}.items() <= health.items()


def test_what_loki_keeps_is_bounded_in_time_as_traces_are() -> None:
    stores = document(JAEGER / "config.yaml")["extensions"]["jaeger_storage"]["backends"]
    (ttl,) = {store["badger"]["ttl"]["spans"] for store in stores.values() if "badger" in store}

    assert LOKI["compactor"]["retention_enabled"] is True
    assert LOKI["limits_config"]["retention_period"] == ttl
    assert LOKI["limits_config"]["allow_structured_metadata"] is True


@pytest.mark.parametrize("service", CALLS)
def test_a_service_sends_what_it_logs_to_where_loki_listens(service: str) -> None:
    environment = SERVICES[service]["environment"]
    port = LOKI["server"]["http_listen_port"]

    assert "telemetry" in COMPOSE["services"][service]["networks"]
    assert environment["OTEL_LOGS_EXPORTER"] == "otlp"
    assert environment["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"] == f"http://loki:{port}/otlp/v1/logs"


def test_every_link_ends_at_a_data_source() -> None:
    assert set(uids({**BASE, **ADDED})) <= {**BASE, **ADDED}.keys()
    assert {"jaeger"} == set(uids(ADDED["loki"]))
    assert {"loki", "prometheus"} == set(uids(ADDED["jaeger"]))


def test_jaeger_is_the_one_of_the_base_with_a_way_to_the_logs() -> None:
    settings = dict(ADDED["jaeger"]["jsonData"])

    assert settings.pop("tracesToLogsV2")
    assert {**ADDED["jaeger"], "jsonData": settings} == BASE["jaeger"]


def test_grafana_is_told_in_words_that_it_knows() -> None:
    (derived,) = ADDED["loki"]["jsonData"]["derivedFields"]
    to_logs = ADDED["jaeger"]["jsonData"]["tracesToLogsV2"]

    assert derived.keys() <= DOCUMENTED["derivedFields"]
    assert to_logs.keys() <= DOCUMENTED["tracesToLogsV2"]


def test_grafana_reads_the_files_of_the_base_and_then_the_overlay() -> None:
    grafana = SERVICES["grafana"]
    folder = grafana["environment"]["GF_PATHS_PROVISIONING"]
    mounts = dict(mount.removesuffix(":ro,z").split(":") for mount in grafana["volumes"])
    inside = {target.removeprefix(f"{folder}/"): source for source, target in mounts.items()}

    assert inside == {
        "alerting": "./grafana/provisioning/alerting",
        "dashboards": "./grafana/provisioning/dashboards",
        "datasources/datasources.yaml": "./grafana/provisioning/datasources/datasources.yaml",
        "datasources/logs.yaml": "./deploy/compose/logs/datasources.yaml",
        "plugins": "./grafana/provisioning/plugins",
    }
    assert all((ROOT / source).exists() for source in mounts)
    assert sorted(inside) == list(inside)
