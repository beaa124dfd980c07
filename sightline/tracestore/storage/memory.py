"""Memory of the process: what is free goes back to the operating system.

glibc keeps free memory in a pool for each thread, and after the first large buffer also the
following ones. A store that has answered a few large requests would keep 100 MB more for ever.
"""

import ctypes
import gc
from typing import Final

_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
"""Source: glibc, `malloc.h`."""

_POOLS: Final = 2
_LARGE_BYTES: Final = 256 * 1024
"""Buffers from this size are mapped one by one."""

_KEPT_BYTES: Final = 1024 * 1024


def keep_little_free_memory() -> None:
    """Configure glibc; on systems without it, do nothing."""
    if _libc:
        _libc.mallopt(_M_ARENA_MAX, _POOLS)
        _libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def return_free_memory() -> None:
    """Return the free pages in the middle of the pools."""
    if _libc:
        _libc.malloc_trim(_KEPT_BYTES)


def collect_garbage() -> None:
    """Free what earlier large responses left in reference cycles: up to 100 MB for each."""
    gc.collect()
    return_free_memory()


def _glibc() -> ctypes.CDLL | None:
    try:
        libc = ctypes.CDLL(None)
    except OSError:
        return None
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None


_libc = _glibc()
