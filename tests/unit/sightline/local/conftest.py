from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.local.folder import Folder
from sightline.local.stack import Stack


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    folder = Folder(tmp_path)
    folder.make()
    stack = Stack(folder=folder, healthy_within_seconds=60, stop_within_seconds=30)
    yield stack
    stack.down()
