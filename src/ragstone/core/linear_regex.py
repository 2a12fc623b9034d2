"""Regular expressions that take linear time, whatever they are and are tried on: for patterns of users.

All ways through the expression are followed at once (Thompson's construction), so there is nothing to go back to.
Known are alternatives, groups, character classes, `.`, escapes of one character, and `* + ? {m,n}`. What needs a
memory (backreferences, lookaround, possessive and atomic parts) is refused; anchors are too, except at the two ends,
where they say nothing, because the whole text is what must match.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_LARGEST: Final = 10_000
"""States, each of which may have to be visited for every character."""
_LONGEST_REPEAT: Final = 1_000
_ONE_CHARACTER: Final = re.compile(
    r"\\[dDwWsS]|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[tnrfv]|\\\W"
    r"|\[\^?\]?(?:[^\]\\\[]|\\[dDwWsStnrfv]|\\\W)*\]|[^\\\[\](){}*+?|^$]",
    re.DOTALL,
)
_COUNT: Final = re.compile(r"\{(\d{1,4})(?:(,)(\d{0,4}))?\}")


class UnsupportedPattern(ValueError):
    """A pattern that is wrong, too large, or needs more than linear time."""


@dataclass
class _State:
    """With `reads`, one character leads to `ways`; without, they are reached at once."""

    reads: re.Pattern[str] | str | None = None
    ways: list[_State] = field(default_factory=list)

    def takes(self, character: str) -> bool:
        reads = self.reads
        return reads == character if isinstance(reads, str) else reads is not None and bool(reads.match(character))


@dataclass(frozen=True)
class _Sequence:
    """A parsed piece: alternatives of sequences of (piece or character, at least, at most)."""

    alternatives: tuple[tuple[tuple[_Sequence | str, int, int | None], ...], ...]


class LinearPattern:
    """Raises UnsupportedPattern."""

    def __init__(self, pattern: str) -> None:
        text = pattern.removeprefix("^")
        if text.endswith("$") and not text.endswith("\\$"):
            text = text[:-1]
        parser = _Parser(text)
        parsed = parser.alternatives(0)
        if parser.at < len(text):
            raise UnsupportedPattern(f"unmatched {text[parser.at]} at {parser.at}")
        self._states = 0
        self._end = self._state()
        self._start = self._build(parsed, self._end)

    def fullmatch(self, text: str) -> bool:
        current = self._reached([self._start])
        for character in text:
            if not current:
                return False
            current = self._reached([way for state in current if state.takes(character) for way in state.ways])
        return any(state is self._end for state in current)

    @staticmethod
    def _reached(states: list[_State]) -> list[_State]:
        """Those states and what is reached from them without reading; only the ones that read, and the end."""
        seen: set[int] = set()
        found: list[_State] = []
        while states:
            state = states.pop()
            if id(state) in seen:
                continue
            seen.add(id(state))
            if state.reads is None and state.ways:
                states += state.ways
            else:
                found.append(state)
        return found

    def _state(self, reads: re.Pattern[str] | str | None = None, *ways: _State) -> _State:
        self._states += 1
        if self._states > _LARGEST:
            raise UnsupportedPattern("it is too large")
        return _State(reads, list(ways))

    def _build(self, piece: _Sequence | str, after: _State) -> _State:
        """Where a piece begins that goes on to `after`."""
        if isinstance(piece, str):
            return self._state(_reading(piece), after)
        starts = []
        for sequence in piece.alternatives:
            next_one = after
            for part, least, most in reversed(sequence):
                next_one = self._repeated(part, least, most, next_one)
            starts.append(next_one)
        return starts[0] if len(starts) == 1 else self._state(None, *starts)

    def _repeated(self, part: _Sequence | str, least: int, most: int | None, after: _State) -> _State:
        if most is None:
            loop = self._state(None, after)
            loop.ways.append(self._build(part, loop))
            next_one = loop
        else:
            next_one = after
            for _ in range(most - least):
                next_one = self._state(None, self._build(part, next_one), after)
        for _ in range(least):
            next_one = self._build(part, next_one)
        return next_one


def _reading(atom: str) -> re.Pattern[str] | str:
    return atom if len(atom) == 1 and atom != "." else re.compile(atom, re.DOTALL)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def alternatives(self, depth: int) -> _Sequence:
        if depth > 50:
            raise UnsupportedPattern("it is nested too deeply")
        found = []
        while True:
            found.append(self._sequence(depth))
            if not self._take("|"):
                return _Sequence(tuple(found))

    def _sequence(self, depth: int) -> tuple[tuple[_Sequence | str, int, int | None], ...]:
        parts: list[tuple[_Sequence | str, int, int | None]] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            piece = self._piece(depth)
            least, most = self._count()
            parts.append((piece, least, most))
        return tuple(parts)

    def _piece(self, depth: int) -> _Sequence | str:
        if self._take("("):
            if self._take("?") and not self._take(":"):
                raise UnsupportedPattern("it has a group that is more than a group")
            inner = self.alternatives(depth + 1)
            if not self._take(")"):
                raise UnsupportedPattern("a group is not closed")
            return inner
        atom = _ONE_CHARACTER.match(self.text, self.at)
        if atom is None:
            raise UnsupportedPattern(f"unexpected {self.text[self.at]} at {self.at}")
        self.at = atom.end()
        try:
            re.compile(atom[0])
        except re.error as error:
            raise UnsupportedPattern(str(error)) from None
        return atom[0]

    def _count(self) -> tuple[int, int | None]:
        if self._take("*"):
            bounds: tuple[int, int | None] = (0, None)
        elif self._take("+"):
            bounds = (1, None)
        elif self._take("?"):
            bounds = (0, 1)
        elif counted := _COUNT.match(self.text, self.at):
            self.at = counted.end()
            least = int(counted[1])
            bounds = (least, least if counted[2] is None else int(counted[3]) if counted[3] else None)
            if max(bounds[0], bounds[1] or 0) > _LONGEST_REPEAT or (bounds[1] is not None and bounds[1] < least):
                raise UnsupportedPattern("a part is repeated too often")
        else:
            return 1, 1
        self._take("?")  # to try less first makes no difference for the whole text
        if self.at < len(self.text) and self.text[self.at] in "*+?{":
            raise UnsupportedPattern("it has a possessive or a repeated quantifier")
        return bounds

    def _take(self, expected: str) -> bool:
        taken = self.text.startswith(expected, self.at)
        self.at += len(expected) * taken
        return taken
