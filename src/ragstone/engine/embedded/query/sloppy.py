"""How often terms stand nearly in a given order."""

from __future__ import annotations

import heapq
from collections.abc import Sequence


def sloppy_frequency(terms: Sequence[tuple[int, Sequence[int]]], slop: int) -> float:
    """The sum of 1 / (1 + distance) over all matches; 0.0 when there are none.

    Each term has its place in the phrase and its positions in the text, ascending. A match's distance is how far its
    terms are moved against each other; only those up to `slop` count. Source: the way Lucene's SloppyPhraseMatcher goes
    through the positions, always moving the term that lies furthest back. `Differs:` a phrase that repeats a term lets
    both take the same position.
    """
    if any(not positions for _, positions in terms):
        return 0.0
    shifted = [[position - place for position in positions] for place, positions in terms]
    at = [0] * len(shifted)
    heap = [(positions[0], number) for number, positions in enumerate(shifted)]
    heapq.heapify(heap)
    end = max(position for position, _ in heap)
    total = 0.0
    while True:
        position, number = heapq.heappop(heap)
        distance = end - position
        following = heap[0][0]
        while True:
            at[number] += 1
            if at[number] == len(shifted[number]):
                return total + (1 / (1 + distance) if distance <= slop else 0.0)
            position = shifted[number][at[number]]
            end = max(end, position)
            if position > following:
                break
            distance = min(distance, end - position)
        if distance <= slop:
            total += 1 / (1 + distance)
        heapq.heappush(heap, (position, number))
