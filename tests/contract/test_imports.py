"""Who may import whom: the table of docs/architecture.md as code."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.artefacts import ROOT

SDK_ROOMS = tuple(
    f"instrumentation/{name}"
    for name in (
        *("_encode", "_export", "_ids", "_otlp", "_provider", "_recording", "_resource"),
        *("_sampler", "_span"),
    )
)
"""Set-up, span and export modules, by how their names begin: the only ones that know the SDK."""

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


def test_only_modules_of_set_up_span_and_export_know_the_sdk() -> None:
    knowing = {
        str(module.relative_to(ROOT))
        for module in modules("instrumentation")
        if imported(module, "opentelemetry.sdk")
    }
    strangers = {module for module in knowing if not module.startswith(SDK_ROOMS)}

    assert knowing
    assert strangers == set()


def test_the_check_sees_a_forbidden_import(tmp_path: Path) -> None:
    module = tmp_path / "planted.py"
    module.write_text("def late():\n    from instrumentation._asgi import TelemetryMiddleware\n")

    assert imported(module, "instrumentation._*") == ["instrumentation._asgi.TelemetryMiddleware"]
