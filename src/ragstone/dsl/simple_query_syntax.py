"""The language of `simple_query_string`: `river + sea | "cold sea"~2 -storm stor* gren~1 (a b)`. It never fails.

Rules are those of Lucene's SimpleQueryParser; the nodes are those of `query_string_syntax`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ragstone.core.errors import IllegalArgumentException
from ragstone.dsl.query_string_syntax import Fuzzy, Group, Node, Occur, Prefix, Quoted, Text

FLAGS = ("AND", "OR", "NOT", "PREFIX", "PHRASE", "PRECEDENCE", "ESCAPE", "WHITESPACE", "FUZZY", "NEAR", "SLOP")
_SPACES = " \t\n\r"
_MOST_EDITS = 2


def read_flags(text: str) -> frozenset[str]:
    """From `AND|PREFIX`, `ALL` or `NONE`. Raises IllegalArgumentException."""
    names = [name for name in text.upper().split("|") if name]
    found: set[str] = set()
    for name in names:
        if name == "ALL":
            return frozenset(FLAGS)
        if name == "NONE":
            return frozenset()
        if name not in FLAGS:
            raise IllegalArgumentException(f"Unknown simple_query_string flag [{name}]")
        found.add("NEAR" if name == "SLOP" else name)
    return frozenset(found or FLAGS)


class Everything(Node):
    """What a negated clause stands beside, so that it can be combined with others."""


@dataclass
class _State:
    top: Node | None = None
    current: Occur | None = None
    previous: Occur | None = None
    negations: int = 0
    clauses: list[tuple[Occur, Node]] = field(default_factory=list)


def parse_simple(text: str, flags: frozenset[str], default_operator: Literal["and", "or"] = "or") -> Node | None:
    """The tree of a text; None when nothing is in it."""
    return _Parser(text, flags, "must" if default_operator == "and" else "should").parse(0, len(text))


class _Parser:
    def __init__(self, text: str, flags: frozenset[str], default: Occur) -> None:
        self._text = text
        self._flags = flags
        self._default = default

    def parse(self, at: int, end: int) -> Node | None:
        state = _State()
        while at < end:
            character = self._text[at]
            if character == "(" and "PRECEDENCE" in self._flags:
                at = self._group(state, at, end)
            elif character == ")" and "PRECEDENCE" in self._flags:
                at += 1
            elif character == '"' and "PHRASE" in self._flags:
                at = self._phrase(state, at, end)
            elif character == "+" and "AND" in self._flags:
                self._operator(state, "must")
                at += 1
            elif character == "|" and "OR" in self._flags:
                self._operator(state, "should")
                at += 1
            elif character == "-" and "NOT" in self._flags:
                state.negations += 1
                at += 1
                continue
            elif character in _SPACES and "WHITESPACE" in self._flags:
                at += 1
            else:
                at = self._token(state, at, end)
            state.negations = 0
        return state.top

    def _operator(self, state: _State, occur: Occur) -> None:
        # only the first operator between two clauses counts
        if state.current is None and state.top is not None:
            state.current = occur

    def _add(self, state: _State, branch: Node) -> None:
        if state.negations % 2:
            branch = Group(clauses=(("must_not", branch), ("should", Everything())))
        if state.top is None:
            state.top = branch
        else:
            occur = state.current or self._default
            if state.previous != occur:
                state.clauses = [(occur, state.top)]
            state.clauses.append((occur, branch))
            state.top = Group(clauses=tuple(state.clauses))
            state.previous = occur
        state.current = None

    def _group(self, state: _State, at: int, end: int) -> int:
        """Up to the matching bracket; without one, the bracket is passed over."""
        depth, escaped = 0, False
        for position in range(at, end):
            character = self._text[position]
            if escaped:
                escaped = False
            elif character == "\\" and "ESCAPE" in self._flags:
                escaped = True
            elif character == "(":
                depth += 1
            elif character == ")":
                depth -= 1
                if depth == 0:
                    inside = self.parse(at + 1, position)
                    if inside is not None:
                        self._add(state, inside)
                    else:
                        state.current = None
                    return position + 1
        return at + 1

    def _phrase(self, state: _State, at: int, end: int) -> int:
        """Up to the closing quote; without one, the quote is passed over."""
        characters: list[str] = []
        position = at + 1
        while position < end and self._text[position] != '"':
            if self._text[position] == "\\" and "ESCAPE" in self._flags and position + 1 < end:
                position += 1
            characters.append(self._text[position])
            position += 1
        if position >= end:
            return at + 1
        position += 1
        slop = None
        if "NEAR" in self._flags and position < end and self._text[position] == "~":
            slop, position = self._number(position, end)
        if characters:
            self._add(state, Quoted(text="".join(characters), slop=slop))
        else:
            state.current = None
        return position

    def _token(self, state: _State, at: int, end: int) -> int:
        characters: list[str] = []
        prefix = False
        while at < end:
            character = self._text[at]
            if character == "\\" and "ESCAPE" in self._flags:
                prefix = False
                at += 1
                if at < end:
                    characters.append(self._text[at])
                    at += 1
                continue
            if self._finished(character):
                break
            if characters and character == "~" and "FUZZY" in self._flags:
                edits, at = self._number(at, end)
                text = "".join(characters)
                near = min(edits, _MOST_EDITS)
                self._add(state, Fuzzy(text=text, edits=str(near)) if near else Text(text=text))
                return at
            prefix = bool(characters) and character == "*" and "PREFIX" in self._flags
            characters.append(character)
            at += 1
        if characters:
            text = "".join(characters)
            self._add(state, Prefix(text=text[:-1]) if prefix else Text(text=text))
        return at

    def _finished(self, character: str) -> bool:
        return (
            (character == '"' and "PHRASE" in self._flags)
            or (character == "|" and "OR" in self._flags)
            or (character == "+" and "AND" in self._flags)
            or (character in "()" and "PRECEDENCE" in self._flags)
            or (character in _SPACES and "WHITESPACE" in self._flags)
        )

    def _number(self, at: int, end: int) -> tuple[int, int]:
        """What follows a `~`: a number, 2 when there is nothing, 0 when it is no number; and where it ends."""
        start = at = at + 1
        while at < end and not self._finished(self._text[at]):
            at += 1
        text = self._text[start:at]
        if not text:
            return _MOST_EDITS, at
        return (int(text) if text.isdigit() else 0), at
