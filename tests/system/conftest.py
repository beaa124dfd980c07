"""One whole stack for all tests that only use it, and leave it as healthy as they found it."""

from collections.abc import Iterator

import pytest

from tests.stacks import LocalStack, running


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with running(tmp_path_factory.mktemp("stack")) as stack:
        yield stack
