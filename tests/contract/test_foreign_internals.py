"""Only the access modules use private names of prometheus_client and OpenTelemetry.

A release of these libraries may change the names. `tests.renaming.ACCESS` lists the modules that
have the public API as a fallback.
"""

import ast
import inspect
import re
import textwrap
import threading
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from sightline.artifacts import ROOT
from tests.renaming import ACCESS, PRIVATE

LIBRARIES = (
    "prometheus_client",
    *(f"opentelemetry.{name}" for name in ("_logs", "attributes", "baggage", "context", "metrics")),
    *(f"opentelemetry.{name}" for name in ("sdk", "trace", "util")),
)

LOCK_NAMES = frozenset(dir(threading.Lock()))
"""Names of the standard library's locks."""

UNDOCUMENTED = re.compile(
    r"prometheus_client\.(values|metrics|mmap_dict|multiprocess|context_managers|utils)\b.*"
    r"|(prometheus_client|opentelemetry)(\.\w+)*\._[a-zA-Z]\w*(\.\w+)*"
)
"""Modules and names without a promise."""

READERS = {"attrgetter", "delattr", "getattr", "hasattr", "setattr"}
"""Functions that get the name of a field."""

OVERRIDING = {"RequestSpan"}
"""Classes that define all fields of their base themselves, and its public properties as well."""

LOGS_ACCESS = ROOT / "instrumentation/_logging/logs_access.py"
"""Module with the names of the log signal, which has no public module yet."""

MODULES = sorted(set((ROOT / "instrumentation").rglob("*.py")) - {*ACCESS.values(), LOGS_ACCESS})


@cache
def library_names() -> frozenset[str]:
    """Return every private name in the source of the libraries."""
    found = (name for library in LIBRARIES for file in sources(library) for name in names_in(file))
    return frozenset(name for name in found if PRIVATE.fullmatch(name)) - LOCK_NAMES


def sources(library: str) -> Iterator[Path]:
    spec = find_spec(library)
    assert spec is not None
    for folder in spec.submodule_search_locations or ():
        yield from Path(folder).rglob("*.py")


def names_in(file: Path) -> Iterator[str]:
    """Yield every name that *file* defines for others: fields, methods, classes, constants."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name, value=ast.Name(id="self" | "cls")):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def private_access(source: str) -> list[str]:
    """Return line and name of every access to a private name of the libraries in *source*."""
    tree = ast.parse(source)
    found = [*fields(tree), *imports(tree), *own_fields(tree)]
    return [f"{line}: {name}" for line, name in sorted(found)]


def fields(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield private fields of other objects: ``x._name``, ``getattr(x, "_name")`` and the like."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                continue
            case ast.Attribute(attr=name):
                names = [name]
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)) if (
                called in READERS
            ):
                names = [str(each.value) for each in node.args if isinstance(each, ast.Constant)]
            case _:
                continue
        yield from ((node.lineno, name) for name in names if name in library_names())


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield undocumented modules and names, imported or named in a string."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                names = [alias.name for alias in aliases]
            case ast.ImportFrom(module=str(module), names=aliases):
                names = [f"{module}.{alias.name}" for alias in aliases]
            case ast.Constant(value=str(text)):
                names = [text]
            case _:
                continue
        yield from ((node.lineno, name) for name in names if UNDOCUMENTED.fullmatch(name))


def own_fields(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield fields of subclasses of a library class that have the name of a field of this class."""
    bases = dict(imported_classes(tree))
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name, bases=[*found]) if name not in OVERRIDING:
                taken = {
                    each
                    for base in found
                    if isinstance(base, ast.Name)
                    for each in fields_of(bases.get(base.id, object))
                }
                yield from ((line, field) for line, field in defined(node) if field in taken)


def imported_classes(tree: ast.Module) -> Iterator[tuple[str, type]]:
    for node in tree.body:
        match node:
            case ast.ImportFrom(module=str(module), names=aliases) if module.startswith(
                ("opentelemetry", "prometheus_client")
            ):
                for alias in aliases:
                    found = getattr(import_module(module), alias.name, None)
                    if isinstance(found, type):
                        yield alias.asname or alias.name, found


@cache
def fields_of(library_class: type) -> frozenset[str]:
    """Return the private names in the source of *library_class* and its bases."""
    found: set[str] = set()
    for each in library_class.__mro__:
        if each.__module__.startswith(("opentelemetry", "prometheus_client")):
            tree = ast.parse(textwrap.dedent(inspect.getsource(each)))
            found |= {name for _, name in defined(tree)}
    return frozenset(found)


def defined(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield private fields and methods of a class."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name, value=ast.Name(id="self" | "cls")):
                pass
            case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                pass
            case ast.Assign(targets=[ast.Name(id=name)]):
                pass
            case _:
                continue
        if PRIVATE.fullmatch(name):
            yield node.lineno, name


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_access_modules_use_private_names(module: Path) -> None:
    assert private_access(module.read_text(encoding="utf-8")) == []


PLANTED = [
    "count = child._buckets",
    "child._sum._value += 1",
    'cells = getattr(child, "_buckets", ())',
    'read = operator.attrgetter("_status_code")',
    "names = super()._get_names(collector)",
    "from opentelemetry.sdk.trace import _Span",
    "from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY",
    "from opentelemetry.util._decorator import anything",
    "from prometheus_client.values import MutexValue",
    "from prometheus_client.utils import floatToGoString",
    'meters = sys.modules.get("opentelemetry.metrics._internal")',
    """
from opentelemetry.sdk.trace import TracerProvider

class Ours(TracerProvider):
    def late(self):
        self._tracers_lock = None
""",
    """
from prometheus_client import CollectorRegistry

class Ours(CollectorRegistry):
    def _get_names(self, collector):
        return []
""",
]


@pytest.mark.parametrize("source", PLANTED)
def test_the_check_sees_a_private_name(source: str) -> None:
    assert private_access(source) != []


ALLOWED = [
    "self._buckets = []",
    "app._sightline_telemetry = None",
    "changed = url._replace(netloc='')",
    "from opentelemetry.sdk.version import __version__",
    "from prometheus_client.metrics_core import Metric",
    "class Ours:\n    def late(self): self._tracers_lock = None",
]


@pytest.mark.parametrize("source", ALLOWED)
def test_the_check_permits_other_names(source: str) -> None:
    assert private_access(source) == []
