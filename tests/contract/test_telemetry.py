"""Public names of `Telemetry`, and types of public signatures."""

import ast
import inspect
import sys
import typing
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

import instrumentation
from instrumentation import Settings, Telemetry
from instrumentation._setup.pipeline import Pipeline

if TYPE_CHECKING:
    from instrumentation._clients.call import Clients

NAMES = {"flush", "registry", "settings", "shutdown", "stats", "tracer"}

MODULES = ["", "database", "errors", "grpc", "messaging", "settings", "testing"]
"""Public modules; that of the empty name is `instrumentation` itself."""

NOT_BUILT = {
    "ConfigurationError": "raised by instrument()",
    "ExportStats": "returned by Telemetry.stats()",
    "InstrumentationError": "base of the errors",
    "Limits": "field of Settings",
    "RecordedSpan": "in Recording.spans",
    "Recording": "the pytest fixture",
    "Settings": "returned by Settings.from_env()",
}
"""Classes that users get and do not create."""


def public(value: object) -> set[str]:
    return {name for name in dir(value) if not name.startswith("_")}


def public_names(module: ModuleType) -> list[str]:
    listed: list[str] = getattr(module, "__all__", [])
    own = [name for name in public(module) if is_defined_in(module, name)]
    return [name for name in listed or sorted(own) if callable(getattr(module, name))]


def is_defined_in(module: ModuleType, name: str) -> bool:
    return getattr(getattr(module, name), "__module__", "") == module.__name__


def callables() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield every public function, class and method of the public modules with its name."""
    for module in (import_module(f"instrumentation.{name}".rstrip(".")) for name in MODULES):
        for name in public_names(module):
            value = getattr(module, name)
            members = [(each, getattr(value, each)) for each in sorted(public(value))]
            found = [(name, value), *((f"{name}.{each}", member) for each, member in members)]
            yield from (
                (each, one) for each, one in found if each not in NOT_BUILT and is_ours(one)
            )


def is_ours(value: object) -> bool:
    """Return true for functions and classes of the library, not those of a base class."""
    ours = getattr(value, "__module__", "").startswith("instrumentation")
    return ours and (inspect.isclass(value) or inspect.isfunction(value) or inspect.ismethod(value))


def parts(annotation: object) -> Iterator[object]:
    """Yield *annotation* and the types inside of it, like those of a union."""
    yield annotation
    for part in typing.get_args(annotation):
        yield from parts(part)


def private_types(function: Callable[..., Any]) -> list[str]:
    """Return the private classes of the library that a caller of *function* must pass."""
    names = annotation_names(sys.modules[function.__module__])
    parameters = inspect.signature(function).parameters.values()
    needed = [resolved(each.annotation, names) for each in parameters if each.default is each.empty]
    found = {type_ for each in needed for type_ in parts(each) if is_private(type_)}
    return sorted(getattr(type_, "__qualname__", str(type_)) for type_ in found)


def resolved(annotation: object, names: dict[str, object]) -> object:
    """Return the type that a text names, or the text if a name in it is unknown."""
    hints = type("Hints", (), {"__annotations__": {"annotation": annotation}})
    try:
        return typing.get_type_hints(hints, names)["annotation"]
    except NameError:
        return annotation


def annotation_names(module: ModuleType) -> dict[str, object]:
    """Return the names of *module*, with those that only type checkers import."""
    tree = ast.parse(inspect.getsource(module))
    blocks = [each.body for each in tree.body if isinstance(each, ast.If)]
    imports = [each for body in blocks for each in body if isinstance(each, ast.ImportFrom)]
    found = {
        name.asname or name.name: getattr(import_module(each.module), name.name)
        for each in imports
        for name in each.names
        if each.module
    }
    return vars(module) | found


def is_private(type_: object) -> bool:
    """Return true for a class of a private module, and for a name that users cannot resolve."""
    if isinstance(type_, str):
        return type_ not in instrumentation.__all__
    public_types = [getattr(instrumentation, name) for name in instrumentation.__all__]
    in_private_module = getattr(type_, "__module__", "").startswith("instrumentation._")
    return inspect.isclass(type_) and in_private_module and type_ not in public_types


def test_telemetry_has_the_documented_names_only() -> None:
    settings = Settings.from_env({"OTEL_TRACES_EXPORTER": "none"})

    with Telemetry(settings, service="shop") as telemetry:
        assert public(Telemetry) == public(telemetry) == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_name_of_telemetry_has_a_docstring(name: str) -> None:
    assert getattr(Telemetry, name).__doc__


CALLABLES = dict(callables())


@pytest.mark.parametrize("name", CALLABLES)
def test_a_public_signature_requires_no_private_type(name: str) -> None:
    assert private_types(CALLABLES[name]) == []


def test_the_public_functions_and_classes_are_found() -> None:
    found = {"instrument", "client_interceptors", "Pool", "Pool.waiting", "Telemetry.flush"}

    assert found < CALLABLES.keys()


def planted(app: object, pipeline: Pipeline | None, clients: "Clients") -> None:
    """Require two private types."""


def test_the_check_sees_a_private_type() -> None:
    assert private_types(planted) == ["Clients", "Pipeline"]
