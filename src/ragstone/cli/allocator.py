"""How C's allocator treats the large blocks of the libraries below us."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGE = 1 << 20
_KEPT = 4 << 20


def return_large_blocks() -> None:
    """Let blocks of a megabyte or more go back to the system as soon as they are freed.

    glibc does so from 128 kB on, but only until the first such block is freed: then it takes blocks of that size for
    passing ones, and keeps their memory, once for each of a dozen threads. A text index that is written to takes 8 MB
    until its commit, weights as many while they are laid out anew. Other allocators are left as they are.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        # Freed memory at the end of a heap: to ask for it and return it at every request would cost more than it.
        mallopt(_M_TRIM_THRESHOLD, _KEPT)
