"""docs/configuration.md names every variable that the library reads, and no other."""

import re
from types import ModuleType

import pytest
from opentelemetry import environment_variables as api
from opentelemetry.sdk import environment_variables as sdk

from instrumentation import ConfigurationError, Settings
from sightline.artifacts import ROOT

PAGE = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
READ, NOT_READ = PAGE.split("## What is not read")

PROXY = {"ALL_PROXY": "http://proxy.example:3128"}
AWAY = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.example:4318"}
SITUATIONS: tuple[dict[str, str], ...] = (
    {},
    AWAY | PROXY,
    {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example:4318"} | PROXY,
    {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
    {"OTEL_LOGS_EXPORTER": "otlp"},
)
"""Environments that together let every variable be read."""


class Noting(dict[str, str]):
    """An environment that notes what it was asked for."""

    def __init__(self, environ: dict[str, str]) -> None:
        super().__init__(environ)
        self.asked: set[str] = set()

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]  # always text
        self.asked.add(name)
        return super().get(name, default)


def asked(environ: dict[str, str]) -> set[str]:
    """Names that the settings ask *environ* for, of siblings the general one."""
    noting = Noting(environ)
    Settings.from_env(noting)
    return {name.replace("_OTLP_TRACES_", "_OTLP_") for name in noting.asked}


def named(text: str) -> list[str]:
    """Variables in the first column of the tables of *text*."""
    rows = re.findall(r"^\| (`.*?`) \|", text, flags=re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)]


def test_every_variable_that_is_read_has_its_row() -> None:
    read = {name.upper() for environ in SITUATIONS for name in asked(environ)}
    elsewhere = {"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL"}  # docs/how-to/logs.md

    assert sorted(named(READ)) == sorted(read - elsewhere)


def test_a_variable_listed_as_not_read_is_not_read() -> None:
    read = {name for environ in SITUATIONS for name in asked(environ)}

    assert named(NOT_READ)
    assert read.isdisjoint(named(NOT_READ))


def documented(name: str) -> bool:
    """Return whether the page mentions *name*, its first sibling or its family."""
    families = re.findall(r"`([A-Z_]+)…`", PAGE)
    return name.replace("_OTLP_TRACES_", "_OTLP_") in PAGE or name.startswith(tuple(families))


@pytest.mark.parametrize("known", [api, sdk], ids=["api", "sdk"])
def test_every_variable_that_opentelemetry_reads_is_documented(known: ModuleType) -> None:
    names = [value for value in vars(known).values() if str(value).startswith("OTEL_")]

    assert names
    assert [name for name in names if not documented(name)] == []


@pytest.mark.parametrize("name", ["OTEL_SDK_DISABLED", "OTEL_BSP_SCHEDULE_DELAY"])
def test_a_value_that_cannot_be_used_stops_the_start(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}='perhaps': expected"):
        Settings.from_env({name: "perhaps"})
