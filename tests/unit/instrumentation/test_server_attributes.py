"""Cached attributes of requests are bounded, contain no secret, and respect the limits."""

import pytest

from instrumentation import Settings
from instrumentation._otlp.attribute_group import (
    MAX_GROUP_BYTES,
    MAX_GROUPS,
    AttributeGroup,
    GroupCache,
)
from instrumentation._server.attributes import ServerAttributes
from tests.asgi import scope


def attributes(environ: dict[str, str], **request: object) -> dict[str, object]:
    """Return all attributes known before dispatch."""
    headers = {b"host": b"shop.example:8080"}
    groups = ServerAttributes(Settings.from_env(environ)).groups(
        scope("/items/1", **request), "GET", headers
    )
    return {name: value for group in groups for name, value in group.attributes.items()}


def paths() -> GroupCache[str, AttributeGroup]:
    return GroupCache(lambda path: AttributeGroup({"url.path": path}))


def test_a_group_is_created_once() -> None:
    known = paths()

    assert known["/a"] is known["/a"]


def test_different_requests_do_not_grow_the_cache() -> None:
    known = paths()

    groups = [known[f"/{number}"] for number in range(3 * MAX_GROUPS)]

    assert len(groups) == 3 * MAX_GROUPS
    assert len(known) <= MAX_GROUPS


def test_large_values_are_not_cached() -> None:
    known = paths()

    assert known["x" * MAX_GROUP_BYTES].attributes["url.path"] == "x" * MAX_GROUP_BYTES
    assert not known


def test_a_query_with_a_secret_is_not_cached() -> None:
    found = ServerAttributes(Settings.from_env({}))

    found.groups(scope("/", query_string=b"token=hunter2"), "GET", {})
    found.groups(scope("/", query_string=b"q=1"), "GET", {})

    assert list(found._queries) == [b"q=1"]  # noqa: SLF001  the cache is visible nowhere else


def test_the_length_limit_applies_to_built_in_attributes() -> None:
    found = attributes({"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "6"})

    assert (found["url.path"], found["server.port"]) == ("/items", 8080)


@pytest.mark.parametrize("kind", [tuple, list])
def test_addresses_may_have_any_type_that_asgi_allows(kind: type) -> None:
    found = attributes({}, client=kind(("10.0.0.1", 4000)), server=kind(("10.0.0.2", 80)))

    assert (found["client.address"], found["client.port"]) == ("10.0.0.1", 4000)


@pytest.mark.parametrize("headers", [{}, {b"host": b"a b:c"}])
def test_without_a_host_the_server_is_its_own_socket(headers: dict[bytes, bytes]) -> None:
    (target, *_) = ServerAttributes(Settings.from_env({})).groups(
        scope("/", server=("10.0.0.2", 8000)), "GET", headers
    )

    address = (target.attributes["server.address"], target.attributes["server.port"])
    assert address == ("10.0.0.2", 8000)
