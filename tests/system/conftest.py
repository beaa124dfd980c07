"""Shared stack for tests that leave it healthy."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stacks import LocalStack, running


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with running(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Callable[..., LocalStack]]:
    """Makes a stack beside others, with variables of its own; stopped at the end."""
    made: list[LocalStack] = []

    def make(**environ: str) -> LocalStack:
        made.append(LocalStack.beside_others(tmp_path / f"stack{len(made)}", **environ))
        return made[-1]

    yield make
    for stack in made:
        stack.down()
