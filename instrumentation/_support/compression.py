"""Compression with gzip."""

from __future__ import annotations

import zlib
from typing import Final

_GZIP_BITS: Final = 31
"""``wbits`` that make zlib read and write gzip."""

_LEVEL: Final = 1
"""Level of gzip: higher ones take four times as long to save a tenth."""


def compress(content: bytes) -> bytes:
    """Return *content* in the format of gzip. The interpreter runs other threads meanwhile."""
    return zlib.compress(content, _LEVEL, _GZIP_BITS)


def decompress(content: bytes) -> bytes:
    """Return the content that `compress` got."""
    return zlib.decompress(content, _GZIP_BITS)
