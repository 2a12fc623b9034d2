"""Where in a text stands what is sought."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ragstone.engine.embedded.analysis.analyzer import Token
from ragstone.engine.embedded.highlight.sought import Sought


@dataclass(frozen=True, order=True)
class Mark:
    """A found word. Offsets count UTF-16 units. `label` is what it counts as in scores, `frequency` how often that is
    in the whole text."""

    start: int
    end: int
    label: str
    frequency: int = 1


def marks(tokens: Sequence[Token], wanted: Sequence[Sought]) -> list[Mark]:
    """All of them, in order."""
    found: dict[str, set[int]] = defaultdict(set)
    words: dict[str, str] = {}
    for one in wanted:
        if one.is_phrase:
            at = {token.position: number for number, token in enumerate(tokens)}
            for chosen in phrases(tokens, one):
                for place, position in enumerate(chosen):
                    found[one.terms[place][1]].add(at[position])
        elif one.test is not None:
            found[one.terms[0][1]].update(number for number, token in enumerate(tokens) if one.test(token.term))
        else:
            words[one.terms[0][1]] = one.terms[0][1]
    for number, token in enumerate(tokens):
        if token.term in words:
            found[token.term].add(number)
    return sorted(
        Mark(tokens[number].start, tokens[number].end, label, len(numbers))
        for label, numbers in found.items()
        for number in numbers
    )


def phrases(tokens: Sequence[Token], one: Sought) -> list[list[int]]:
    """The positions of the terms of a phrase, wherever it stands as a whole."""
    places: list[set[int]] = [
        {token.position for token in tokens if one.takes(place, token.term)} for place in range(len(one.terms))
    ]
    return [found for start in sorted(places[0]) if (found := _following(one, places, start))]


def _following(one: Sought, places: Sequence[set[int]], start: int) -> list[int]:
    """The positions of the phrase whose first term stands at `start`, and the others where they belong, or within
    `slop` of there: then those that are nearest."""
    first = one.terms[0][0]
    chosen, moved = [start], 0
    for place in range(1, len(one.terms)):
        ideal = start + one.terms[place][0] - first
        near = [
            position
            for offset in range(one.slop + 1)
            for position in {ideal - offset, ideal + offset}
            if position in places[place] and position not in chosen
        ]
        if not near:
            return []
        best = min(near, key=lambda position: (abs(position - ideal), position))
        chosen.append(best)
        moved = max(moved, abs(best - ideal))
    return chosen if moved <= one.slop else []


__all__ = ["Mark", "marks", "phrases"]
