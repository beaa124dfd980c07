from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sightline.local.folder import Folder
from sightline.local.stack import Stack
from tests.unit.sightline.local.throwaway import TALKS, Silent, role


@contextmanager
def stopped_at_the_end(path: Path) -> Iterator[Stack]:
    folder = Folder(path)
    folder.create()
    stack = Stack(folder=folder, healthy_within_seconds=60, stop_within_seconds=30)
    yield stack
    stack.down()


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with stopped_at_the_end(tmp_path) as stack:
        yield stack


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of a, which talks, and b, for tests that leave both healthy."""
    with stopped_at_the_end(tmp_path_factory.mktemp("running")) as stack:
        stack.up([role("a", TALKS), role("b")], Silent())
        yield stack
