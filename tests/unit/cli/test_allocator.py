"""Large blocks of C code do not stay with the process."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

_SCRIPT = """
import ctypes
from ragstone.cli.allocator import return_large_blocks

class Statistics(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd a b c d e".split()]

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes, libc.mallinfo2.restype = [ctypes.c_void_p], Statistics

return_large_blocks()
kept = []
for _ in range(3):
    block = libc.malloc(8 << 20)
    libc.free(block)
    kept.append(libc.mallinfo2().arena + libc.mallinfo2().hblkhd)
print(max(kept) - min(kept), kept[-1])
"""


@pytest.mark.skipif(not hasattr(_LIBC, "mallinfo2"), reason="glibc's own statistics")
def test_a_freed_block_goes_back_every_time() -> None:
    printed = subprocess.run([sys.executable, "-c", _SCRIPT], stdout=subprocess.PIPE, check=True, text=True).stdout
    growth, kept = map(int, printed.split())
    assert growth < 1 << 20
    assert kept < 8 << 20
