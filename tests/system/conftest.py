"""Shared stack for tests that leave it healthy."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import nats, postgresql, redis_server
from tests.stacks import LocalStack, running


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with running(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture(scope="module")
def full_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Stack whose services use PostgreSQL, NATS and Redis."""
    folders = [tmp_path_factory.mktemp(name) for name in ("nats", "redis", "stack")]
    with (
        postgresql.running() as databases,
        nats.running(folders[0]) as bus,
        redis_server.running(folders[1]) as limiter,
    ):
        for service in ("orders", "users"):
            databases.database(service)
        urls = {
            "SIGHTLINE_DATABASE_URL": databases.url,
            "SIGHTLINE_BUS_URL": bus.url,
            "LIMITER_URL": limiter.url,
        }
        with running(folders[2], **urls) as stack:
            yield stack


@pytest.fixture(params=["stack", "full_stack"], ids=["embedded", "full"])
def each_stack(request: pytest.FixtureRequest) -> LocalStack:
    """Return the shared stack with one set of adapters."""
    stack: LocalStack = request.getfixturevalue(request.param)
    return stack


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
