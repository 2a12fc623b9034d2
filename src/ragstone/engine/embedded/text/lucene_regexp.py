"""Lucene's regular expressions in the syntax of `patterns`.

Both are anchored and share most of their syntax. Lucene adds quoted text, `@` (any text), `#` (nothing), numeric
intervals `<1-9>`, complement `~` and intersection `&`; the last three have no counterpart.
"""

from __future__ import annotations

from ragstone.core.errors import IllegalArgumentException
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.embedded.text.patterns import ANY, escape

_SAME = frozenset("|*+?()")
_REFUSED = {"~": "complement", "&": "intersection", "<": "intervals"}


def to_pattern(expression: str) -> str:
    """Raises IllegalArgumentException with Lucene's words, or for a part that has no counterpart."""
    if not expression:
        return ""
    parts: list[str] = []
    depth, at = 0, 0
    while at < len(expression):
        character = expression[at]
        if character in _REFUSED:
            raise unsupported(f"regexp {_REFUSED[character]}")
        if character == "\\":
            if at + 1 == len(expression):
                raise IllegalArgumentException("unexpected end-of-string")
            following = expression[at + 1]
            # classes such as \d mean the same in both
            parts.append("\\" + following if following in "dDwWsS" else escape(following))
            at += 2
        elif character == '"':
            end = expression.find('"', at + 1)
            if end < 0:
                raise IllegalArgumentException(f"expected '\"' at position {len(expression)}")
            parts.append(f"(?:{escape(expression[at + 1 : end])})")
            at = end + 1
        elif character == "[":
            end = _class_end(expression, at)
            parts.append(_class(expression[at + 1 : end]))
            at = end + 1
        elif character == "{":
            end = expression.find("}", at)
            if end < 0:
                raise IllegalArgumentException("expected '}' at position " + str(len(expression)))
            parts.append(expression[at : end + 1])
            at = end + 1
        else:
            depth += {"(": 1, ")": -1}.get(character, 0)
            parts.append(_translated(character))
            at += 1
    if depth:
        raise IllegalArgumentException(
            f"expected ')' at position {len(expression)}" if depth > 0 else "end-of-string expected at position 0"
        )
    return "".join(parts)


def _translated(character: str) -> str:
    if character == ".":
        return ANY
    if character == "@":
        return ANY + "*"
    if character == "#":
        return r"\x{0}"  # there is no pattern for nothing, but no term is a NUL
    if character == "(":
        return "(?:"
    return character if character in _SAME else escape(character)


def _class_end(expression: str, start: int) -> int:
    at = start + 1
    while at < len(expression) and (expression[at] != "]" or at == start + 1):
        at += 2 if expression[at] == "\\" else 1
    if at >= len(expression):
        raise IllegalArgumentException("unexpected end-of-string")
    return at


def _class(inside: str) -> str:
    negated = inside.startswith("^")
    body = inside[1:] if negated else inside
    # characters that Rust's classes read as operators
    body = body.replace("[", r"\[").replace("&&", r"&\&").replace("--", r"-\-").replace("~~", r"~\~")
    return f"[{'^' if negated else ''}{body}]"
