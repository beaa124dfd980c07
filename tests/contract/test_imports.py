"""Who may import whom: the table of docs/architecture.md as code."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.artefacts import ROOT

SDK_ROOMS = tuple(
    f"instrumentation/{package}/"
    for package in ("_export", "_logging", "_otlp", "_sampling", "_setup", "_spans")
)
"""The only packages that import the SDK."""

FLOORS = (
    ("conventions", "errors"),
    ("_support",),
    ("_settings",),
    ("settings",),
    ("_metrics", "_otlp"),
    ("_spans",),
    ("_clients", "_export", "_logging", "_sampling", "_scrape"),
    ("_server",),
    ("_setup",),
    ("__init__", "__main__", "_zero_code", "database", "grpc", "messaging", "testing"),
)
"""Packages and public modules of `instrumentation`, from the ground up."""

NEVER = [
    ("instrumentation", "demo_services"),
    ("instrumentation", "sightline"),
    ("instrumentation", "tests"),
    ("instrumentation/conventions.py", "instrumentation"),
    ("instrumentation/conventions.py", "opentelemetry"),
    ("instrumentation/conventions.py", "prometheus_client"),
    ("sightline", "demo_services"),
    ("sightline", "instrumentation._*"),
    ("sightline", "tests"),
    ("sightline/mixin", "opentelemetry"),
    ("sightline/mixin", "prometheus_client"),
    ("demo_services", "sightline"),
    ("demo_services", "instrumentation._*"),
    ("demo_services", "opentelemetry.sdk"),
    ("demo_services", "tests"),
]


def modules(place: str) -> Iterator[Path]:
    path = ROOT / place
    return iter([path]) if path.is_file() else path.rglob("*.py")


def imports(module: Path) -> Iterator[str]:
    """Every name that *module* imports, in functions too."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(source), names=names):
                yield from (f"{source}.{alias.name}" for alias in names)


def imported(module: Path, forbidden: str) -> list[str]:
    """What *module* imports of *forbidden*: a name and all below it, or a prefix ending in `*`."""
    prefix = forbidden[:-1] if forbidden.endswith("*") else f"{forbidden}."
    return [name for name in imports(module) if name == forbidden or name.startswith(prefix)]


@pytest.mark.parametrize(("place", "forbidden"), NEVER)
def test_a_room_never_imports_what_the_table_forbids(place: str, forbidden: str) -> None:
    found = {str(module): imported(module, forbidden) for module in modules(place)}

    assert {module: names for module, names in found.items() if names} == {}


def test_only_the_packages_of_set_up_spans_and_export_import_the_sdk() -> None:
    importing = {
        str(module.relative_to(ROOT))
        for module in modules("instrumentation")
        if imported(module, "opentelemetry.sdk")
    }

    assert importing
    assert {module for module in importing if not module.startswith(SDK_ROOMS)} == set()


def floor(name: str) -> int:
    """Return the floor of a package or public module of `instrumentation`."""
    return next(number for number, names in enumerate(FLOORS) if name in names)


def higher(module: Path, package: str) -> list[str]:
    """Return the names that *module* of *package* imports from a higher or a sibling package."""
    names = [name.split(".")[1] for name in imported(module, "instrumentation") if "." in name]
    others = [name for name in names if name != package and any(name in floor for floor in FLOORS)]
    return [name for name in others if floor(name) >= floor(package)]


def package_of(module: Path) -> str:
    return module.relative_to(ROOT / "instrumentation").parts[0].removesuffix(".py")


@pytest.mark.parametrize(
    "module", sorted(modules("instrumentation")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_package_imports_lower_ones_only(module: Path) -> None:
    assert higher(module, package_of(module)) == []


def test_the_check_sees_an_import_of_a_higher_package(tmp_path: Path) -> None:
    module = tmp_path / "planted.py"
    module.write_text("from instrumentation._setup.telemetry import Telemetry\n")

    assert higher(module, "_server") == ["_setup"]


def test_the_check_sees_a_forbidden_import(tmp_path: Path) -> None:
    module = tmp_path / "planted.py"
    module.write_text(
        "def late():\n    from instrumentation._server.asgi import TelemetryMiddleware\n"
    )

    assert imported(module, "instrumentation._*") == [
        "instrumentation._server.asgi.TelemetryMiddleware"
    ]
