"""Which shard of an index OpenSearch would keep a document on.

We hold an index whole, but `k` of a `knn` query and ties count per shard, so the number must be OpenSearch's own.
"""

from __future__ import annotations

from functools import lru_cache

_MASK = 0xFFFFFFFF


def murmur3(text: str) -> int:
    """MurmurHash3 x86 32-bit, seed 0, over the UTF-16LE bytes of `text`; signed, as Java has it."""
    data = text.encode("utf-16-le", "surrogatepass")
    state = 0
    whole = len(data) & ~3
    for start in range(0, whole, 4):
        state ^= _scrambled(int.from_bytes(data[start : start + 4], "little"))
        state = (state << 13 | state >> 19) & _MASK
        state = (state * 5 + 0xE6546B64) & _MASK
    if whole < len(data):
        state ^= _scrambled(int.from_bytes(data[whole:], "little"))
    state ^= len(data)
    state = (state ^ state >> 16) * 0x85EBCA6B & _MASK
    state = (state ^ state >> 13) * 0xC2B2AE35 & _MASK
    state ^= state >> 16
    return state - (1 << 32) if state >= 1 << 31 else state


def _scrambled(block: int) -> int:
    block = block * 0xCC9E2D51 & _MASK
    block = (block << 15 | block >> 17) & _MASK
    return block * 0x1B873593 & _MASK


@lru_cache(maxsize=256)
def routing_shards(shards: int) -> int:
    """How many hash slots an index of `shards` shards is created with, so that it can be split up to 1024 ways."""
    splits = max(1, 10 - (shards - 1).bit_length())
    return shards << splits


def shard_of(id: str, routing: str | None, shards: int) -> int:
    """The shard, from 0, that holds document `id`, written with `routing` or without, in an index of `shards`."""
    if shards == 1:
        return 0
    slots = routing_shards(shards)
    return murmur3(id if routing is None else routing) % slots // (slots // shards)
