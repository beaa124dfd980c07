"""Decompression of request bodies, in time proportional to their size."""

import zlib
from typing import Final

from sightline.tracestore.ingest.errors import BodyTooLarge, MalformedRequest

_WINDOW_BITS: Final = {"gzip": 31, "deflate": 15}
"""Window size that selects the encoding in zlib."""

_MAX_MEMBERS: Final = 1000
"""Members of a gzip body; exporters send one. Each one starts a decompressor, and threads that
call zlib for a few bytes at a time keep others from running."""

_CHUNK_BYTES: Final = 64 * 1024
"""Input of one call. zlib copies what follows a member, so the rest of the body would be copied
for each of its members."""


def decompress(body: bytes, encoding: str, *, max_bytes: int) -> bytes:
    """Return *body* without its content encoding.

    Raises:
        MalformedRequest: Unknown encoding, corrupt stream, or more than `_MAX_MEMBERS`.
        BodyTooLarge: The result exceeds *max_bytes*.
    """
    if not encoding:
        if len(body) > max_bytes:
            raise BodyTooLarge
        return body
    if encoding not in _WINDOW_BITS:
        raise MalformedRequest(f"unsupported Content-Encoding: {encoding}")
    try:
        return _inflate(memoryview(body), _WINDOW_BITS[encoding], max_bytes)
    except zlib.error as error:
        raise MalformedRequest(f"{encoding}: {error}") from error


def _inflate(body: memoryview, window_bits: int, max_bytes: int) -> bytes:
    """Return all members of *body*."""
    plain = bytearray()
    position, members, member = 0, 1, zlib.decompressobj(window_bits)
    while position < len(body):
        if member.eof:
            members, member = members + 1, zlib.decompressobj(window_bits)
        if members > _MAX_MEMBERS:
            raise MalformedRequest(f"more than {_MAX_MEMBERS} gzip members")
        chunk = body[position : position + _CHUNK_BYTES]
        plain += member.decompress(chunk, max_bytes + 1 - len(plain))
        if len(plain) > max_bytes:
            raise BodyTooLarge
        position += len(chunk) - len(member.unused_data) - len(member.unconsumed_tail)
    if not member.eof:
        raise MalformedRequest("unexpected EOF")
    return bytes(plain)
