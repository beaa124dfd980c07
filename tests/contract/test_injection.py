"""Faults that tests inject into the library take effect."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry, Counter

from sightline.artifacts import ROOT
from tests.injection import ERRORS, injected

HELPER = "tests/injection.py"

EXCEPTIONS: Mapping[str, str] = {
    "tests/renaming.py": "renames the nodes of a syntax tree",
    "tests/unit/instrumentation/test_stacktrace.py": "sets the cause of an exception",
}
"""Files outside the helper that set an attribute by name, each with the reason."""

SETTERS = frozenset({"setattr", "delattr", "object.__setattr__", "object.__delattr__"})
TEST_FILES = sorted(path for path in (ROOT / "tests").rglob("*.py"))


def is_namespace(node: ast.AST) -> bool:
    """Tell whether *node* is the dictionary of an object's attributes."""
    match node:
        case ast.Call(func=ast.Name(id="vars"), args=[_]):
            return True
        case ast.Attribute(attr="__dict__"):
            return True
    return False


def unproven(source: str) -> Iterator[str]:
    """Yield the statements of *source* that replace an attribute which need not exist."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=function, keywords=options):
                called = ast.unparse(function)
                lenient = any(option.arg == "raising" for option in options)
                writes = isinstance(function, ast.Attribute) and is_namespace(function.value)
                changes = called.endswith((".update", ".setdefault", ".pop"))
                if called in SETTERS or lenient or (writes and changes):
                    yield f"{node.lineno}: {called}"
            case ast.Subscript(value=value, ctx=ast.Store()) if is_namespace(value):
                yield f"{node.lineno}: {ast.unparse(node)}"


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEST_FILES, ids=relative)
def test_only_the_helper_replaces_attributes_by_name(path: Path) -> None:
    found = list(unproven(path.read_text(encoding="utf-8")))

    assert bool(found) == (relative(path) in {HELPER, *EXCEPTIONS}), found


@pytest.mark.parametrize(
    "planted",
    [
        "BREAKS = [lambda found: setattr(found, 'spans', None)]",
        "vars(found).update(spans=None)",
        "vars(found)['tracer'] = None",
        "found.__dict__['tracer'] = None",
        "object.__setattr__(found, 'spans', None)",
        "monkeypatch.setattr(found, 'spans', None, raising=False)",
    ],
)
def test_the_check_finds_a_planted_replacement(planted: str) -> None:
    assert len(list(unproven(planted))) == 1


@pytest.mark.parametrize(
    "fitting",
    ["monkeypatch.setattr(found, 'spans', None)", "vars(found)['tracer']", "found.spans = None"],
)
def test_the_check_accepts_what_pytest_or_mypy_proves(fitting: str) -> None:
    assert list(unproven(fitting)) == []


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def errors(registry: CollectorRegistry) -> Counter:
    return Counter(ERRORS, "Help.", ["operation"], registry=registry)


def test_a_fault_in_a_missing_attribute_fails(registry: CollectorRegistry, errors: Counter) -> None:
    target = SimpleNamespace(spans="whole")

    with pytest.raises(AttributeError, match="renamed"), injected(registry, (target, "renamed")):
        errors.labels("response").inc()


def test_a_fault_without_an_effect_fails(registry: CollectorRegistry, errors: Counter) -> None:
    target = SimpleNamespace(spans="whole")
    errors.labels("response").inc()

    with (
        pytest.raises(AssertionError, match=r"SimpleNamespace\.spans.* had no effect"),
        injected(registry, (target, "spans"), operation="span_start"),
    ):
        errors.labels("response").inc()


def test_the_target_is_whole_after_the_fault(registry: CollectorRegistry, errors: Counter) -> None:
    target = SimpleNamespace(spans="whole")

    with injected(registry, (target, "spans"), fault=None):
        errors.labels("response").inc()
        assert target.spans is None

    assert target.spans == "whole"
