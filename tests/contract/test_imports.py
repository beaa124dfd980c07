"""The import table of docs/architecture.md as code."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
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


OURS = ("demo_services", "instrumentation", "sightline", "tests")

ONLY = [
    ("instrumentation/conventions.py", []),
    ("sightline/grafana", ["sightline.grafana"]),
    ("sightline/mixin", ["instrumentation.conventions", "sightline.grafana", "sightline.mixin"]),
]
"""The only packages of this repository that a place may import."""

WITHOUT_MIXIN = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "sightline").iterdir()
    if path.suffix == ".py" or path.is_dir()
    if path.name not in {"mixin", "slo", "__pycache__"}
)
"""Everything in `sightline` but `slo`, which the command line loads by name when it is called."""

VIEWER = ["model", "values", "sources", "panels", "pages"]
"""Packages of the viewer, lowest first: none imports a higher one."""
UPWARD = [
    (f"sightline/viewer/{low}", f"sightline.viewer.{high}")
    for number, low in enumerate(VIEWER)
    for high in [*VIEWER[number + 1 :], "check", "proof"]
]
ACYCLIC = ["sightline/grafana", "sightline/lint", "sightline/mixin/grafana", "sightline/viewer"]


def modules(place: str) -> Iterator[Path]:
    path = ROOT / place
    return iter([path]) if path.is_file() else path.rglob("*.py")


@cache
def imports(module: Path) -> list[str]:
    """Every name that *module* imports, in functions too."""
    found: list[str] = []
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                found += [alias.name for alias in names]
            case ast.ImportFrom(module=str(source), names=names):
                found += [f"{source}.{alias.name}" for alias in names]
    return found


def imported(module: Path, forbidden: str) -> list[str]:
    """What *module* imports of *forbidden*: a name and all below it, or a prefix ending in `*`."""
    prefix = forbidden[:-1] if forbidden.endswith("*") else f"{forbidden}."
    return [name for name in imports(module) if name == forbidden or name.startswith(prefix)]


def outside(module: Path, allowed: list[str]) -> list[str]:
    """Imports of our packages that *allowed* does not cover."""
    ours = [name for room in OURS for name in imported(module, room)]
    covered = {name for room in allowed for name in imported(module, room)}
    return sorted(set(ours) - covered)


def dotted(module: Path) -> str:
    return ".".join(module.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def graph(place: str) -> dict[str, set[str]]:
    """Imports among the modules of *place*."""
    names = {dotted(module): module for module in modules(place)}
    return {
        name: {
            one if one in names else one.rpartition(".")[0]
            for one in imports(module)
            if one in names or one.rpartition(".")[0] in names
        }
        - {name}
        for name, module in names.items()
    }


def forbidden_imports(place: str, forbidden: str) -> dict[str, list[str]]:
    found = {str(module): imported(module, forbidden) for module in modules(place)}
    return {module: names for module, names in found.items() if names}


@pytest.mark.parametrize(("place", "allowed"), ONLY, ids=lambda value: str(value)[:40])
def test_a_room_imports_only_what_the_table_allows(place: str, allowed: list[str]) -> None:
    found = {str(module): outside(module, allowed) for module in modules(place)}

    assert {module: names for module, names in found.items() if names} == {}


@pytest.mark.parametrize("place", WITHOUT_MIXIN)
def test_only_slo_imports_the_mixin(place: str) -> None:
    assert forbidden_imports(place, "sightline.mixin") == {}


@pytest.mark.parametrize(("place", "higher"), UPWARD)
def test_a_package_of_the_viewer_imports_no_higher_one(place: str, higher: str) -> None:
    assert list(modules(place))
    assert forbidden_imports(place, higher) == {}


@pytest.mark.parametrize("place", ACYCLIC)
def test_imports_have_no_cycle(place: str) -> None:
    order = list(TopologicalSorter(graph(place)).static_order())

    assert len(order) == len(set(order)) > 1


@pytest.mark.parametrize(("place", "forbidden"), NEVER)
def test_a_room_never_imports_what_the_table_forbids(place: str, forbidden: str) -> None:
    assert forbidden_imports(place, forbidden) == {}


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


PLANTED = [
    ("from sightline.viewer import check\n", ["sightline.viewer.check"]),
    ("def late():\n    import instrumentation\n", ["instrumentation"]),
    ("from instrumentation import conventions\n", []),
    ("from sightline.grafana.units import write\n", []),
    ("import yaml\n", []),
]


@pytest.mark.parametrize(("source", "found"), PLANTED)
def test_the_check_sees_an_import_that_is_not_allowed(
    tmp_path: Path, source: str, found: list[str]
) -> None:
    module = tmp_path / "planted.py"
    module.write_text(source)

    assert outside(module, ["instrumentation.conventions", "sightline.grafana"]) == found


PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def rows(pattern: str) -> dict[str, tuple[str, ...]]:
    """Return the names in the second column of a table, by the group of *pattern* in the first."""
    found = re.findall(rf"^\| {pattern} \| ([^|]*) \|", PAGE, flags=re.MULTILINE)
    return {key: tuple(re.findall(r"`(\w+)`", names)) for key, names in found}


@pytest.mark.parametrize(("package", "names"), rows(r"`(_\w+)`").items())
def test_the_architecture_page_lists_the_modules_of_a_package(
    package: str, names: tuple[str, ...]
) -> None:
    found = {module.stem for module in modules(f"instrumentation/{package}")} - {"__init__"}

    assert sorted(names) == sorted(found)


def test_the_architecture_page_has_the_floors() -> None:
    floors = rows(r"(\d+)")

    assert [set(floors[str(number)]) for number in range(1, len(floors) + 1)] == list(
        map(set, FLOORS)
    )
