"""The import table of docs/architecture.md as code."""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path, PurePosixPath

import pytest

import instrumentation
from sightline.artifacts import ROOT

SDK_ROOMS = tuple(
    f"instrumentation/{package}/"
    for package in ("_export", "_logging", "_otlp", "_sampling", "_setup", "_spans")
)
"""The only packages that import the SDK."""

FLOORS = (
    ("errors", "metric"),
    ("service_metrics",),
    ("conventions",),
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

LIBRARY = "instrumentation"
PURE_DATA = tuple(f"instrumentation/{n}.py" for n in ("conventions", "metric", "service_metrics"))
"""Modules that import the standard library and each other alone."""

OURS = ("demo_services", "instrumentation", "sightline", "tests")
SOURCE = ("demo_services", "instrumentation", "sightline")

PUBLIC = (
    *(f"instrumentation.{name}" for name in instrumentation.__all__),
    *(f"instrumentation.{path.stem}" for path in (ROOT / "instrumentation").glob("[a-z]*.py")),
)
"""Names of the library that the other rooms may import."""

_TABLE = ("instrumentation.metric", "instrumentation.service_metrics")

ALLOWED: Mapping[str, tuple[str, ...]] = {
    "instrumentation/metric.py": (),
    "instrumentation/service_metrics.py": ("instrumentation.metric",),
    "instrumentation/conventions.py": _TABLE,
    "instrumentation": ("instrumentation",),
    "sightline/grafana": ("sightline.grafana",),
    "sightline/mixin": (
        "instrumentation.conventions",
        *_TABLE,
        "sightline.grafana",
        "sightline.mixin",
    ),
    "sightline/export": ("sightline", *PUBLIC),
    "sightline/slo": ("sightline", *PUBLIC),
    "sightline": ("sightline", *PUBLIC),
    "demo_services": ("demo_services", *PUBLIC),
}
"""Names of this repository that a place may import, with all below them. The first place holds."""

FORBIDDEN: Mapping[str, tuple[str, ...]] = {
    "sightline/mixin": ("opentelemetry", "prometheus_client"),
    "demo_services": ("opentelemetry.sdk",),
}
"""Names that a place may not import, although they are of other projects."""

ONLY_RULES = ("sightline.mixin",)
"""Names of `sightline` that only it, `sightline.export` and `sightline.slo` import."""

COMPUTED: Mapping[str, str] = {
    "instrumentation/__init__.py": "loads public names at first use",
    "instrumentation/_export/stock.py": "loads the exporter of OpenTelemetry that is configured",
    "instrumentation/_server/entry.py": "loads the contrib instrumentation if it is installed",
    "instrumentation/_setup/instrument.py": "loads the clients that are instrumented",
    "sightline/cli.py": "loads a command when it is called",
    "sightline/mixin/dashboards/__init__.py": "loads the dashboards of its table",
}
"""Modules whose imports have computed names, each with the reason."""

VIEWER = ("model", "values", "sources", "panels", "pages")
"""Packages of the viewer, lowest first: none imports a higher one."""
ACYCLIC = ["sightline/grafana", "sightline/lint", "sightline/mixin/grafana", "sightline/viewer"]

IMPORT_FUNCTIONS = {"import_module", "importlib.import_module", "__import__"}


def modules(place: str) -> Iterator[Path]:
    path = ROOT / place
    return iter([path]) if path.is_file() else path.rglob("*.py")


def relative(module: Path) -> str:
    return module.relative_to(ROOT).as_posix()


def dotted(path: str) -> str:
    return ".".join(PurePosixPath(path).with_suffix("").parts).removesuffix(".__init__")


def below(name: str, trees: tuple[str, ...]) -> bool:
    """Tell whether *name* is one of *trees* or stands below one."""
    return any(name == tree or name.startswith(f"{tree}.") for tree in trees)


def source_of(path: str, node: ast.ImportFrom) -> str:
    """Return the absolute name of the package that *node* of the module *path* imports from."""
    if not node.level:
        return node.module or ""
    package = PurePosixPath(path).parts[: -node.level]
    return ".".join([*package, *filter(None, [node.module])])


def chain(node: ast.Attribute, roots: Mapping[str, str]) -> str:
    """Return the full name of an attribute of an imported package; empty for other attributes."""
    first, _, rest = ast.unparse(node).partition(".")
    return (
        f"{roots[first]}.{rest}" if first in roots and rest.replace(".", "").isidentifier() else ""
    )


def names_in(path: str, source: str) -> Iterator[str]:
    """Yield the names that *source* of the module *path* imports, in functions too.

    A relative import counts as an absolute one. So do `import_module()` with a literal name, and
    an attribute of an imported package. A computed name counts as ``?``.
    """
    tree, roots = ast.parse(source), dict[str, str]()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
                for alias in names:
                    first = alias.name.partition(".")[0]
                    roots[alias.asname or first] = alias.name if alias.asname else first
            case ast.ImportFrom(names=names):
                yield from (f"{source_of(path, node)}.{alias.name}" for alias in names)
            case ast.Call(func=function, args=[name, *_]) if (
                ast.unparse(function) in IMPORT_FUNCTIONS
            ):
                literal = isinstance(name, ast.Constant)
                yield str(name.value) if isinstance(name, ast.Constant) and literal else "?"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield chain(node, roots)


@cache
def imports(path: str, source: str) -> list[str]:
    return list(filter(None, names_in(path, source)))


def place_of(path: str, places: Mapping[str, tuple[str, ...]]) -> str:
    """Return the first of *places* that holds the module *path*; empty without one."""
    return next((place for place in places if path == place or path.startswith(f"{place}/")), "")


def is_private(name: str) -> bool:
    return any(re.match(r"_(?!_)", part) for part in name.split("."))


def not_allowed(path: str, name: str) -> bool:
    """Tell whether *name* is of this repository, and the table does not allow it for *path*."""
    if not below(name, OURS):
        return False
    place = place_of(path, ALLOWED)
    if name == LIBRARY:
        return not {LIBRARY, *PUBLIC[:1]} & set(ALLOWED[place])
    if below(name, (LIBRARY,)) and place != LIBRARY and is_private(name):
        return True
    if below(name, ONLY_RULES) and place == "sightline":
        return True
    return not below(name, ALLOWED[place])


def forbidden(path: str, name: str) -> bool:
    """Tell whether *name* is of another project, and the table forbids it for *path*."""
    if path in PURE_DATA:
        return name.partition(".")[0] not in {*sys.stdlib_module_names, "instrumentation"}
    place = place_of(path, FORBIDDEN)
    return bool(place) and below(name, FORBIDDEN[place])


def outside_of_sdk_rooms(path: str, name: str) -> bool:
    inside = path.startswith(SDK_ROOMS) or not path.startswith("instrumentation/")
    return below(name, ("opentelemetry.sdk",)) and not inside


def package_of(path: str) -> str:
    return PurePosixPath(path).parts[1].removesuffix(".py")


def floor(name: str) -> int:
    """Return the floor of a package or public module of `instrumentation`."""
    return next(number for number, names in enumerate(FLOORS) if name in names)


def from_above(path: str, name: str) -> bool:
    """Tell whether a package of `instrumentation` imports *name* from a higher or a sibling one."""
    if not (path.startswith("instrumentation/") and below(name, ("instrumentation",))):
        return False
    own, other = package_of(path), [*name.split("."), ""][1]
    if not any(other in names for names in FLOORS):  # a public name, which the top floor may import
        return own not in FLOORS[-1]
    return other != own and floor(other) >= floor(own)


def from_above_in_viewer(path: str, name: str) -> bool:
    """Tell whether a package of the viewer imports *name* from a higher one."""
    order = [*VIEWER, "check", "proof"]
    own, other = PurePosixPath(path).parts[2:3], name.split(".")[2:3]
    if not path.startswith("sightline/viewer/") or not below(name, ("sightline.viewer",)):
        return False
    return own[0] in VIEWER and other != [] and other[0] in order[order.index(own[0]) + 1 :]


RULES = (not_allowed, forbidden, outside_of_sdk_rooms, from_above, from_above_in_viewer)


def violations(path: str, source: str) -> list[str]:
    """Return the imports of *source*, as the module *path*, that break a rule."""
    found = {name for name in imports(path, source) for rule in RULES if rule(path, name)}
    computed = {"?"} if "?" in imports(path, source) and path not in COMPUTED else set()
    return sorted(found | computed)


@pytest.mark.parametrize(
    "module", sorted(module for room in SOURCE for module in modules(room)), ids=relative
)
def test_a_module_imports_only_what_the_table_allows(module: Path) -> None:
    assert violations(relative(module), module.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", COMPUTED)
def test_a_module_with_computed_imports_has_one(path: str) -> None:
    assert "?" in imports(path, (ROOT / path).read_text(encoding="utf-8"))


def graph(place: str) -> dict[str, set[str]]:
    """Imports among the modules of *place*."""
    paths = [relative(module) for module in modules(place)]
    names = {dotted(path): path for path in paths}
    return {
        name: {
            one if one in names else one.rpartition(".")[0]
            for one in imports(path, (ROOT / path).read_text(encoding="utf-8"))
            if one in names or one.rpartition(".")[0] in names
        }
        - {name}
        for name, path in names.items()
    }


@pytest.mark.parametrize("place", ACYCLIC)
def test_imports_have_no_cycle(place: str) -> None:
    order = list(TopologicalSorter(graph(place)).static_order())

    assert len(order) == len(set(order)) > 1


def test_only_the_packages_of_set_up_spans_and_export_import_the_sdk() -> None:
    importing = {
        relative(module)
        for module in modules("instrumentation")
        for name in imports(relative(module), module.read_text(encoding="utf-8"))
        if below(name, ("opentelemetry.sdk",))
    }

    assert {room for room in SDK_ROOMS if any(path.startswith(room) for path in importing)} == set(
        SDK_ROOMS
    )


PLANTED = [
    ("instrumentation/conventions.py", "import instrumentation"),
    ("instrumentation/conventions.py", "from instrumentation import settings"),
    ("instrumentation/conventions.py", "from opentelemetry import trace"),
    ("instrumentation/conventions.py", "import yaml"),
    ("instrumentation/_server/asgi.py", "from instrumentation._setup.telemetry import Telemetry"),
    ("instrumentation/_server/asgi.py", "from instrumentation import Telemetry"),
    ("instrumentation/_server/asgi.py", "from .._setup.telemetry import Telemetry"),
    ("instrumentation/_server/asgi.py", "def late():\n    import instrumentation._setup"),
    ("instrumentation/_server/asgi.py", "import opentelemetry.sdk.trace"),
    ("instrumentation/_clients/call.py", "from instrumentation._export import queue"),
    ("instrumentation/_server/asgi.py", "import demo_services.shop"),
    ("instrumentation/_server/asgi.py", "from sightline import errors"),
    ("instrumentation/_server/asgi.py", "from tests import waiting"),
    ("sightline/grafana/units.py", "from sightline import errors"),
    ("sightline/grafana/units.py", "from ..mixin import config"),
    ("sightline/grafana/units.py", "from instrumentation import conventions"),
    ("sightline/grafana/units.py", "import sightline.viewer.check"),
    ("sightline/mixin/config.py", "from sightline.viewer import check"),
    ("sightline/mixin/alerts/jaeger.py", "from ...viewer.model import folder"),
    ("sightline/mixin/config.py", "import sightline\nsightline.viewer.check.main()"),
    ("sightline/mixin/config.py", "from sightline import artifacts"),
    ("sightline/mixin/config.py", "from instrumentation import Settings"),
    ("sightline/mixin/config.py", "import instrumentation"),
    ("sightline/mixin/config.py", "import prometheus_client"),
    ("sightline/mixin/config.py", "from opentelemetry import trace"),
    ("sightline/mixin/config.py", "from demo_services import shop"),
    ("sightline/viewer/check.py", "from sightline.mixin import config"),
    ("sightline/viewer/model/folder.py", "def late():\n    from sightline.mixin import config"),
    ("sightline/viewer/model/folder.py", "from sightline.viewer.pages import app"),
    ("sightline/viewer/model/folder.py", "from ..panels import charts"),
    ("sightline/viewer/pages/app.py", "from sightline.viewer import check"),
    ("sightline/lint/report.py", "import_module('sightline.mixin.config')"),
    ("sightline/cli.py", "import sightline.mixin as mixin"),
    ("sightline/cli.py", "import_module(f'sightline.{name}')\nimport sightline.mixin"),
    ("sightline/lint/report.py", "import_module(f'sightline.{name}')"),
    ("sightline/slo/command.py", "from demo_services import shop"),
    ("sightline/slo/command.py", "from instrumentation._setup import telemetry"),
    ("sightline/cli.py", "from demo_services.shop import ITEMS"),
    ("sightline/cli.py", "from instrumentation._setup.telemetry import Telemetry"),
    ("sightline/cli.py", "import instrumentation\ninstrumentation._setup.telemetry"),
    ("sightline/cli.py", "from tests.ports import free_ports"),
    ("demo_services/shop.py", "from sightline import artifacts"),
    ("demo_services/shop.py", "from instrumentation._setup.telemetry import Telemetry"),
    ("demo_services/shop.py", "from instrumentation import _setup"),
    ("demo_services/shop.py", "from opentelemetry.sdk.trace import TracerProvider"),
    ("demo_services/shop.py", "from opentelemetry import sdk"),
    ("demo_services/shop.py", "from tests import waiting"),
]
"""Modules and imports that the table forbids."""

FITTING = [
    ("instrumentation/conventions.py", "from typing import Final"),
    ("instrumentation/_server/asgi.py", "from instrumentation._spans import span"),
    ("instrumentation/_setup/engine.py", "from opentelemetry.sdk.trace import TracerProvider"),
    ("instrumentation/grpc.py", "from instrumentation._setup.telemetry import Telemetry"),
    ("sightline/grafana/units.py", "from sightline.grafana.durations import parse"),
    ("sightline/mixin/config.py", "from instrumentation.conventions import METRICS"),
    ("sightline/mixin/config.py", "from sightline.grafana.units import write"),
    ("sightline/slo/command.py", "from sightline.mixin import config"),
    ("sightline/viewer/pages/app.py", "from sightline.viewer.model import folder"),
    ("sightline/viewer/check.py", "from sightline.viewer.pages import app"),
    ("sightline/cli.py", "from instrumentation import Settings, conventions"),
    ("sightline/cli.py", "import_module(PLUGINS[name])"),
    ("demo_services/shop.py", "import instrumentation\ninstrumentation.instrument(app)"),
    ("demo_services/shop.py", "from instrumentation.database import Database"),
    ("demo_services/shop.py", "import yaml"),
]
"""Modules and imports that the table allows."""


@pytest.mark.parametrize(("path", "source"), PLANTED)
def test_the_check_finds_a_planted_import(path: str, source: str) -> None:
    assert violations(path, source) != []


@pytest.mark.parametrize(("path", "source"), FITTING)
def test_the_check_accepts_what_the_table_allows(path: str, source: str) -> None:
    assert violations(path, source) == []


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


def test_the_architecture_page_has_the_importers() -> None:
    table = PAGE.partition("## Who may import whom")[2].partition("\n## ")[0]
    importers = set(re.findall(r"^\| `([\w.]+)` \|", table, flags=re.MULTILINE)) - {"tests"}
    in_row_of_sightline = {"sightline.export", "sightline.slo"}
    places = {dotted(place) for place in ALLOWED} - in_row_of_sightline

    assert importers == places
