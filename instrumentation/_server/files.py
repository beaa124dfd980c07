"""Sizes of files that the server sends for the app.

Source: ASGI, "Path Send" and "Zero Copy Send".
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def file_size(message: Mapping[str, Any]) -> int:
    """Return the bytes that the server sends for *message*; 0 when they are unknown."""
    with suppress(OSError):
        if "file" in message:
            return _rest_of_file(message)
        return Path(message["path"]).stat().st_size
    return 0


def _rest_of_file(message: Mapping[str, Any]) -> int:
    """Return the bytes from the offset to the end of the file, at most the count."""
    file = message["file"]
    descriptor = file if isinstance(file, int) else file.fileno()
    offset = message.get("offset")
    start = os.lseek(descriptor, 0, os.SEEK_CUR) if offset is None else offset
    rest = max(0, os.fstat(descriptor).st_size - start)
    count = message.get("count")
    return rest if count is None else min(count, rest)
