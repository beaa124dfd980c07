"""Private names of the libraries of `instrumentation`, and releases in which they have other names.

`private_names()` reads them from the modules that access them. `rename()` gives them other names in
the source of the libraries, as a later release may do.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

SUPPORT: Final = Path(__file__).parents[1] / "instrumentation" / "_support"
SPANS: Final = SUPPORT.parent / "_spans"

ACCESS: Final = {
    "prometheus_client": SUPPORT / "prometheus_client_access.py",
    "opentelemetry-api": SUPPORT / "opentelemetry_access.py",
    "opentelemetry-sdk": SPANS / "sdk_access.py",
}
"""Module that accesses the private names of a distribution, by its name."""

PRIVATE: Final = re.compile(r"_[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")
SUFFIX: Final = "_of_a_later_release"


def package_of(distribution: str) -> str:
    """Return the package of *distribution*."""
    return distribution.partition("-")[0]


def private_names(distribution: str) -> list[str]:
    """Return the private names of *distribution* that its module accesses or overrides."""
    tree = ast.parse(ACCESS[distribution].read_text(encoding="utf-8"))
    found = set(_names(tree)) - set(_defined(tree))
    return sorted(name for name in found if PRIVATE.fullmatch(name))


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                pass
            case ast.Attribute(attr=name) | ast.Constant(value=str(name)):
                yield name
            case ast.ClassDef(body=body):
                yield from (each.name for each in body if isinstance(each, ast.FunctionDef))


def _defined(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def rename(package: str, names: Iterable[str]) -> None:
    """Give *names* other names in every module of *package* that is imported from now on."""
    sys.meta_path.insert(0, _Finder(package, frozenset(names)))


class _Finder(MetaPathFinder):
    def __init__(self, package: str, names: frozenset[str]) -> None:
        self._package = package
        self._names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] != self._package:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(name, spec.loader.path, self._names)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, names: frozenset[str]) -> None:
        super().__init__(name, path)
        self._names = names

    def get_code(self, fullname: str) -> CodeType:
        """Compile the source, never the cached code."""
        path = self.get_filename(fullname)
        tree = _Renamer(self._names).visit(ast.parse(self.get_data(path), path))
        code: CodeType = compile(tree, path, "exec", dont_inherit=True)
        return code


class _Renamer(ast.NodeTransformer):
    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def _renamed(self, name: str) -> str:
        return name + SUFFIX if name in self._names else name

    def visit(self, node: ast.AST) -> Any:  # noqa: ANN401  as its base
        for field in ("arg", "attr", "id", "name"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                setattr(node, field, self._renamed(value))
        match node:
            case ast.Assign(targets=[ast.Name(id="__slots__")], value=ast.Tuple(elts=slots)):
                for slot in slots:
                    slot.value = self._renamed(slot.value)  # type: ignore[attr-defined]  # a constant
        return self.generic_visit(node)
