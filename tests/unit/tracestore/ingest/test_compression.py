"""Decompression of bodies, member by member."""

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.tracestore.ingest.compression import decompress
from sightline.tracestore.ingest.errors import BodyTooLarge, MalformedRequest


@given(members=st.lists(st.binary(max_size=20_000), min_size=1, max_size=5))
def test_all_members_of_a_gzip_body_are_read(members: list[bytes]) -> None:
    body = b"".join(gzip.compress(member) for member in members)

    assert decompress(body, "gzip", max_bytes=100_000) == b"".join(members)


ENCODED: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_a_body_of_the_largest_size_is_accepted(encoding: str) -> None:
    body = ENCODED[encoding](b"x" * 1000)

    assert decompress(body, encoding, max_bytes=1000) == b"x" * 1000


@pytest.mark.parametrize("encoding", ENCODED)
def test_one_byte_more_is_refused(encoding: str) -> None:
    body = ENCODED[encoding](b"x" * 1001)

    with pytest.raises(BodyTooLarge):
        decompress(body, encoding, max_bytes=1000)


@pytest.mark.parametrize(
    "body",
    [b"", gzip.compress(b"spans")[:-1], gzip.compress(b"spans") + b"junk"],
    ids=["empty", "cut off", "followed by junk"],
)
def test_an_incomplete_body_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        decompress(body, "gzip", max_bytes=1000)


def test_a_thousand_members_are_read() -> None:
    member = gzip.compress(b"x")

    assert decompress(member * 1000, "gzip", max_bytes=1000) == b"x" * 1000


def test_more_members_are_refused() -> None:
    member = gzip.compress(b"")

    with pytest.raises(MalformedRequest, match="more than 1000 gzip members"):
        decompress(member * 200_000, "gzip", max_bytes=1000)
