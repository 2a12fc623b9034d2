"""Names near a mistyped one, by the rule OpenSearch's messages follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def similar(word: str, candidates: Iterable[str], threshold: float = 0.5) -> list[str]:
    """Candidates whose similarity to `word` is above `threshold`, the nearest first, then by name.

    Similarity is 1 - edit distance / length of the longer one (Lucene's LevenshteinDistance). Parameters and parsers
    use 0.5, settings 0.7.
    """
    scored = []
    for other in set(candidates):
        longest = max(len(word), len(other), 1)
        if 1 - abs(len(word) - len(other)) / longest > threshold:  # what lengths alone rule out need not be compared
            scored.append((1 - _edits(word, other) / longest, other))
    return [other for score, other in sorted(scored, key=lambda s: (-s[0], s[1])) if score > threshold]


def hint(near: Sequence[str]) -> str:
    """` did you mean [a]?`, ` did you mean any of [a, b]?`, or nothing: what a message ends with."""
    if not near:
        return ""
    return f" did you mean {'any of ' if len(near) > 1 else ''}[{', '.join(near)}]?"


def _edits(one: str, other: str) -> int:
    """Insertions, deletions and replacements that turn one text into the other."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        above_left, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            above_left, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above_left + (a != b))
    return row[-1]
