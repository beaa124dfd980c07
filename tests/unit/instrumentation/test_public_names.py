"""The public namespace is sorted, complete and lazy."""

import subprocess
import sys

import pytest

import instrumentation


def test_names_are_sorted() -> None:
    assert instrumentation.__all__ == sorted(instrumentation.__all__)
    assert dir(instrumentation) == instrumentation.__all__


@pytest.mark.parametrize("name", instrumentation.__all__)
def test_every_public_name_exists_and_has_a_docstring(name: str) -> None:
    assert getattr(instrumentation, name).__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        instrumentation.nonsense  # noqa: B018  the lookup is under test


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import instrumentation.conventions", ["opentelemetry", "prometheus_client"]),
        ("from instrumentation import instrument", ["requests", "grpc", "google.protobuf"]),
    ],
)
def test_unused_modules_are_not_imported(statement: str, absent: list[str]) -> None:
    program = f"{statement}; import sys; print([n for n in {absent} if n in sys.modules])"

    printed = subprocess.check_output([sys.executable, "-c", program], text=True)

    assert printed.strip() == "[]"
