"""Names near a mistyped one, by the rule OpenSearch's messages follow."""

from __future__ import annotations

from collections.abc import Iterable


def similar(word: str, candidates: Iterable[str], threshold: float = 0.5) -> list[str]:
    """Candidates whose similarity to `word` is above `threshold`, the nearest first, then by name.

    Similarity is 1 - edit distance / length of the longer one (Lucene's LevenshteinDistance). Parameters and parsers
    use 0.5, settings 0.7.
    """
    scored = [(1 - _edits(word, other) / max(len(word), len(other), 1), other) for other in set(candidates)]
    return [other for score, other in sorted(scored, key=lambda s: (-s[0], s[1])) if score > threshold]


def _edits(one: str, other: str) -> int:
    """Insertions, deletions and replacements that turn one text into the other."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        above_left, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            above_left, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above_left + (a != b))
    return row[-1]
