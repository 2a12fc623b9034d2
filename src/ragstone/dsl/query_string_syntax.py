"""The language of `query_string`: `title:(river OR sea) AND year:[2005 TO *] -cold "slow river"~2 stor* gla?s rivr~1`.

The grammar is Lucene's classic one. Neighbouring terms without an operator between them are one text, which each field
analyses as a whole. `parse_syntax` gives a tree of the nodes below; what they mean for an index is the engine's to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from ragstone.core.errors import JavaException

Occur = Literal["must", "should", "must_not"]


@dataclass(frozen=True)
class Node:
    """`field` None means the query's own fields; `boost` multiplies."""

    field: str | None = None
    boost: float = 1.0


@dataclass(frozen=True)
class Text(Node):
    """One or several neighbouring terms."""

    text: str = ""


@dataclass(frozen=True)
class Quoted(Node):
    text: str = ""
    slop: int | None = None


@dataclass(frozen=True)
class Prefix(Node):
    text: str = ""


@dataclass(frozen=True)
class Wildcard(Node):
    """`pattern` keeps its backslashes."""

    pattern: str = ""


@dataclass(frozen=True)
class Regexp(Node):
    pattern: str = ""


@dataclass(frozen=True)
class Fuzzy(Node):
    """`edits` None means the query's own fuzziness."""

    text: str = ""
    edits: str | None = None


@dataclass(frozen=True)
class Between(Node):
    """A bound of None is open."""

    low: str | None = None
    high: str | None = None
    include_low: bool = True
    include_high: bool = True


@dataclass(frozen=True)
class Group(Node):
    """Clauses with what they have to do. `field` has been handed down to them."""

    clauses: tuple[tuple[Occur, Node], ...] = ()


class SyntaxException(JavaException):
    """Lucene's own ParseException: a cause, never a root cause."""

    status = 400
    wire_type = "parse_exception"


def parse_syntax(text: str, default_operator: Literal["and", "or"] = "or") -> Node:
    """The tree of a query text that is not blank.

    Raises SyntaxException with Lucene's words: `Encountered "<EOF>" at line 1, column 7. ...`.
    """
    return _Parser(text, default_operator == "and").whole()


def unescape(text: str) -> str:
    """Without the backslashes that protect characters."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_ESCAPED = r"\\."
_START = rf"(?:[^ \t\n\r\u3000+\-!():^\[\]\"{{}}~*?\\/]|{_ESCAPED})"
_CHARACTER = rf"(?:{_START}|[-+])"
_BOUND = r"\"(?:[^\"]|\\\")+\"|[^ \]}]+"
_BOUND = r"\"(?:[^\"]|\\\")+\"|[^ \]}]+"
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("AND", r"AND|&&"),
    ("OR", r"OR|\|\|"),
    ("NOT", r"NOT|!"),
    ("BAREOPER", r"[+\-!][ \t\n\r\u3000]"),
    ("+", r"\+"),
    ("-", r"-"),
    ("(", r"\("),
    (")", r"\)"),
    (":", r":"),
    ("*", r"\*"),
    ("^", r"\^[0-9]+(?:\.[0-9]+)?"),
    ("QUOTED", rf'"(?:[^"\\]|{_ESCAPED})*"'),
    ("TERM", rf"{_START}{_CHARACTER}*"),
    ("FUZZY_SLOP", r"~(?:[0-9]+(?:\.[0-9]+)?)?"),
    ("PREFIXTERM", rf"{_START}{_CHARACTER}*\*"),
    ("WILDTERM", rf"(?:{_START}|[*?])(?:{_CHARACTER}|[*?])*"),
    ("REGEXPTERM", r"/(?:[^/\\]|\\.)*/"),
    ("RANGE", rf"[\[{{]\s*(?P<low>{_BOUND})(?:\s+TO)?\s+(?P<high>{_BOUND})\s*[\]}}]"),
)
_TOKENS = tuple((kind, re.compile(pattern, re.DOTALL)) for kind, pattern in _PATTERNS)
_SPACE = re.compile(r"[ \t\n\r\u3000]*")
_BEGIN = (
    "NOT", "+", "-", "BAREOPER", "(", "*", "QUOTED", "TERM", "PREFIXTERM", "WILDTERM", "REGEXPTERM", "[", "{",
    "NUMBER", "TERM",
)  # fmt: skip
_GO_ON = (
    "AND", "OR", "NOT", "+", "-", "BAREOPER", "(", "*", "^", "QUOTED", "TERM", "FUZZY_SLOP", "PREFIXTERM", "WILDTERM",
    "REGEXPTERM", "[", "{", "NUMBER",
)  # fmt: skip


@dataclass(frozen=True)
class _Token:
    kind: str
    image: str
    at: int
    match: re.Match[str] | None = None


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = _end_of_space(text, 0)
    while at < len(text):
        best: _Token | None = None
        for kind, pattern in _TOKENS:  # the longest wins, the first among equals
            match = pattern.match(text, at)
            if match is not None and (best is None or len(match[0]) > len(best.image)):
                best = _Token(kind, match[0], at, match)
        if best is None:
            after = text[at:]
            raise SyntaxException(
                f'Lexical error at line 1, column {len(text) + 1}.  Encountered: <EOF> after : "{_shown(after)}"'
            )
        found.append(best)
        at = _end_of_space(text, at + len(best.image))
    return [*found, _Token("EOF", "", len(text))]


def _end_of_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _name(kind: str) -> str:
    return f'"{kind}"' if len(kind) == 1 else f"<{kind}>"


def _shown(image: str) -> str:
    return image.replace("\\", "\\\\").replace('"', '\\"')


# ── grammar ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Parser:
    def __init__(self, text: str, conjunctive: bool) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._conjunctive = conjunctive

    def whole(self) -> Node:
        node = self._query(None)
        if self._next.kind != "EOF":
            raise self._unexpected(_GO_ON, end=True)
        return node

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _kind(self, ahead: int) -> str:
        position = min(self._at + ahead, len(self._tokens) - 1)
        return self._tokens[position].kind

    def _take(self) -> _Token:
        token = self._next
        self._at += 1
        return token

    def _unexpected(self, expected: tuple[str, ...], *, end: bool = False) -> SyntaxException:
        token = self._next
        met = "<EOF>" if token.kind == "EOF" else f' {_name(token.kind)} "{_shown(token.image)} "'
        names = (["    <EOF> "] if end else []) + [f"    {_name(kind)} ..." for kind in expected]
        return SyntaxException(
            f'Encountered "{met}" at line 1, column {token.at}.\nWas expecting one of:\n' + "\n".join(names) + "\n    "
        )

    def _query(self, field: str | None) -> Node:
        clauses: list[tuple[Occur, Node]] = []
        first: Node | None = None
        while True:
            if self._several_terms():
                node = self._run_of_terms(field)
                clauses.append(("must" if self._conjunctive else "should", node))
                first = first or (node if len(clauses) == 1 else None)
            else:
                conjunction = self._conjunction() if clauses else None
                modifier = self._modifier()
                node = self._clause(field)
                self._add(clauses, conjunction, modifier, node)
                if len(clauses) == 1 and modifier is None:
                    first = node
            if self._next.kind in ("EOF", ")") or self._next.kind in (":", "^", "FUZZY_SLOP"):
                break
        if len(clauses) == 1 and first is not None:
            return first
        return Group(clauses=tuple(clauses))

    def _several_terms(self) -> bool:
        return self._kind(0) == "TERM" and self._goes_on_at(1)

    def _goes_on_at(self, ahead: int) -> bool:
        return self._kind(ahead) == "TERM" and self._kind(ahead + 1) not in (":", "^", "FUZZY_SLOP")

    def _run_of_terms(self, field: str | None) -> Node:
        words = [self._take().image]
        while self._goes_on_at(0):
            words.append(self._take().image)
        return Text(field, text=unescape(" ".join(words)))

    def _conjunction(self) -> str | None:
        return self._take().kind if self._next.kind in ("AND", "OR") else None

    def _modifier(self) -> str | None:
        if self._next.kind not in ("+", "-", "NOT"):
            return None
        return "+" if self._take().kind == "+" else "-"

    def _add(
        self, clauses: list[tuple[Occur, Node]], conjunction: str | None, modifier: str | None, node: Node
    ) -> None:
        """Lucene's rule: an operator also changes what the clause before it has to do."""
        if clauses and clauses[-1][0] != "must_not":
            if conjunction == "AND":
                clauses[-1] = ("must", clauses[-1][1])
            elif conjunction == "OR" and self._conjunctive:
                clauses[-1] = ("should", clauses[-1][1])
        occur: Occur
        if modifier == "-":
            occur = "must_not"
        elif self._conjunctive:
            occur = "should" if conjunction == "OR" else "must"
        else:
            occur = "must" if modifier == "+" or conjunction == "AND" else "should"
        clauses.append((occur, node))

    def _clause(self, field: str | None) -> Node:
        if self._kind(0) in ("TERM", "*") and self._kind(1) == ":":
            token = self._take()
            self._take()
            field = "*" if token.kind == "*" else unescape(token.image)
        if self._next.kind == "(":
            self._take()
            node = self._query(field)
            if self._next.kind != ")":
                raise self._unexpected(_GO_ON)
            self._take()
        else:
            node = self._term(field)
        if self._next.kind == "^":
            node = replace(node, boost=node.boost * float(self._take().image[1:]))
        return node

    def _term(self, field: str | None) -> Node:
        make = _LEAVES.get(self._next.kind)
        if make is None:
            raise self._unexpected(_BEGIN)
        token = self._take()
        node = make(field, token)
        boost = self._take().image[1:] if self._next.kind == "^" else None
        if self._next.kind == "FUZZY_SLOP" and isinstance(node, (Text, Quoted)):
            amount = self._take().image[1:]
            if isinstance(node, Quoted):
                node = replace(node, slop=int(float(amount)) if amount else None)
            else:
                node = Fuzzy(field, text=node.text, edits=amount or None)
        return node if boost is None else replace(node, boost=float(boost))


def _between(field: str | None, token: _Token) -> Node:
    assert token.match is not None
    low, high = (_bound(token.match[name]) for name in ("low", "high"))
    return Between(field, low=low, high=high, include_low=token.image[0] == "[", include_high=token.image[-1] == "]")


def _bound(text: str) -> str | None:
    if text == "*":
        return None
    return unescape(text[1:-1] if text.startswith('"') and len(text) > 1 else text)


_LEAVES: dict[str, Callable[[str | None, _Token], Node]] = {
    "TERM": lambda field, token: Text(field, text=unescape(token.image)),
    "BAREOPER": lambda field, token: Text(field, text=token.image[0]),
    "QUOTED": lambda field, token: Quoted(field, text=unescape(token.image[1:-1])),
    "PREFIXTERM": lambda field, token: Prefix(field, text=unescape(token.image[:-1])),
    "*": lambda field, token: Wildcard(field, pattern="*"),
    "WILDTERM": lambda field, token: Wildcard(field, pattern=token.image),
    "REGEXPTERM": lambda field, token: Regexp(field, pattern=token.image[1:-1]),
    "RANGE": _between,
}
