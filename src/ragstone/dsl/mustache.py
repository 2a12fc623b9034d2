"""Search templates: mustache with OpenSearch's functions `toJson`, `join` and `url`. Pure.

    compile_template('{"size": {{n}}}', ESCAPES["application/json"]).render({"n": 3})

Variables (`{{a.b.0}}`, `{{{raw}}}`, `{{&raw}}`), sections, inverted sections, comments and other delimiters are those
of mustache.java. Partials are unknown, as nobody keeps any.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote_plus

from ragstone.core import json
from ragstone.core.errors import JavaException, ScriptException
from ragstone.core.xcontent import java_text

Escape = Callable[[str], str]

ESCAPES: Mapping[str, Escape] = {
    "application/json": lambda text: json.encode(text).decode()[1:-1],
    "application/x-www-form-urlencoded": lambda text: quote_plus(text, safe="*-._").replace("~", "%7E"),
    "text/plain": lambda text: text,
}
"""What is done to the values of variables, by the content type of the result."""

_DEEPEST = 100
"""Sections inside each other."""
_LONGEST = 1_000_000
"""Characters of a template."""
_BUDGET = 10_000_000
"""Characters that one rendering may write; every part of a template that is visited counts for some."""
_VISIT = 30
_JOIN = re.compile(r"join\s+delimiter='(.*)'", re.DOTALL)
_SIGNS = ("#", "^", "/", "{", "&", ">", "!", "=")
_ALONE = ("#", "^", "/", ">", "!", "=")
"""Tags that, alone in a line, take the line with them."""
_LINE_END = re.compile(r"[ \t]*\r?\n")
_ABSENT = object()


class MustacheException(JavaException):
    """`Differs:` 400 also where a value cannot be got; OpenSearch answers 500."""

    status = 400


class MustacheNotFoundException(JavaException):
    status = 400


@dataclass(frozen=True)
class _Text:
    text: str


@dataclass(frozen=True)
class _Variable:
    name: str
    raw: bool
    line: int


@dataclass
class _Section:
    """`kind`: how often the content is written (`each`, `inverted`), or what is made of it (the functions)."""

    name: str
    kind: Literal["each", "inverted", "toJson", "join", "url"]
    line: int
    delimiter: str = ","
    content: list[_Node] = field(default_factory=list)


_Node = _Text | _Variable | _Section


@dataclass(frozen=True)
class MustacheTemplate:
    content: Sequence[_Node]
    escape: Escape

    def render(self, params: Mapping[str, Any]) -> str:
        """Raises MustacheException for a place behind the end of a list, and for a result without end."""
        writer = _Writer(self.escape)
        writer.write(self.content, (params,))
        return "".join(writer.parts)


def compile_template(source: str, escape: Escape) -> MustacheTemplate:
    """Raises ScriptException with the fault as its cause."""
    try:
        return MustacheTemplate(_parse(source), escape)
    except (MustacheException, MustacheNotFoundException) as fault:
        raise ScriptException(
            fault.reason, cause=fault, metadata={"script_stack": [], "script": source, "lang": "mustache"}
        ) from fault


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _parse(source: str) -> list[_Node]:
    top: list[_Node] = []
    open_sections: list[_Section] = []
    start, end = "{{", "}}"
    at, line = 0, 1
    if len(source) > _LONGEST:
        raise MustacheException(f"the template is longer than [{_LONGEST}] characters")
    while (begin := source.find(start, at)) >= 0:
        content = open_sections[-1].content if open_sections else top
        before = source[at:begin]
        if before:
            content.append(_Text(before))
        line += before.count("\n")
        indented = _indented(source, at, before)
        inside = begin + len(start)
        sign = source[inside : inside + 1]
        close = {"{": "}" + end, "=": "=" + end}.get(sign, end)
        stop = source.find(close, inside + (sign in ("{", "=")))
        if stop < 0:
            raise _fault("Improperly closed variable", line)
        at = stop + len(close)
        here, line = line, line + source.count("\n", begin, at)
        tag = source[inside + (sign in _SIGNS) : stop].strip()
        if sign in _ALONE:
            rest = _LINE_END.match(source, at)
            if indented is not None and rest is not None:
                if indented:
                    content[-1] = _Text(before[: -len(indented)])
                at, line = rest.end(), line + 1
        if sign == "=":
            start, end = _delimiters(tag, here)
        elif sign in ("#", "^"):
            section = _section(tag, sign, here)
            content.append(section)
            open_sections.append(section)
            if len(open_sections) > _DEEPEST:
                raise _fault(f"Sections are nested more than [{_DEEPEST}] deep", here)
        elif sign == "/":
            expected = open_sections[-1].name if open_sections else "null"
            if expected != tag:
                raise _fault(f"Mismatched start/end tags: {expected} != {tag} in query-template:{here}", here)
            _check(open_sections.pop())
        elif sign == ">":
            raise MustacheNotFoundException(f"Template {tag} not found")
        elif sign != "!":
            if not tag:
                raise _fault("Empty mustache", here)
            content.append(_Variable(tag, sign in ("{", "&"), here))
    if open_sections:
        raise _fault(f"Failed to close '{open_sections[-1].name}' tag", open_sections[-1].line)
    if at < len(source):
        top.append(_Text(source[at:]))
    return top


def _indented(source: str, at: int, before: str) -> str | None:
    """The blanks between the beginning of a line and the tag behind `before`, which begins at `at`; None when there is
    something else."""
    _, newline, last = before.rpartition("\n")
    begins = bool(newline) or at == 0 or source[at - 1] == "\n"
    return last if begins and not last.strip() else None


def _section(name: str, sign: str, line: int) -> _Section:
    if sign == "^":
        return _Section(name, "inverted", line)
    if name in ("toJson", "join", "url"):
        return _Section(name, name, line)  # type: ignore[arg-type]  # one of the kinds
    joined = _JOIN.fullmatch(name)
    return _Section(name, "each", line) if joined is None else _Section(name, "join", line, joined[1])


def _check(section: _Section) -> None:
    if section.kind in ("toJson", "join") and len(section.content) != 1:
        raise MustacheException(f"Mustache function [{section.kind}] must contain one and only one identifier")


def _delimiters(tag: str, line: int) -> tuple[str, str]:
    parts = tag.split()
    if len(parts) != 2:
        raise _fault(f"Invalid delimiter string: {tag}", line)
    return parts[0], parts[1]


def _fault(what: str, line: int) -> MustacheException:
    return MustacheException(f"{what} @[query-template:{line}]")


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Writer:
    def __init__(self, escape: Escape) -> None:
        self.parts: list[str] = []
        self._escape = escape
        self._left = _BUDGET

    def write(self, content: Sequence[_Node], scopes: tuple[Any, ...]) -> None:
        for node in content:
            if isinstance(node, _Text):
                self._put(node.text)
            elif isinstance(node, _Variable):
                text = _text(_lookup(node.name, scopes, node.line))
                self._put(text if node.raw else self._escape(text))
            else:
                self._section(node, scopes)

    def _section(self, section: _Section, scopes: tuple[Any, ...]) -> None:
        self._put("")
        if section.kind == "url":
            inner = _Writer(self._escape)
            inner._left = self._left
            inner.write(section.content, scopes)
            self._put(ESCAPES["application/x-www-form-urlencoded"]("".join(inner.parts)))
        elif section.kind in ("toJson", "join"):
            self._function(section, scopes)
        else:
            value = _lookup(section.name, scopes, section.line)
            if section.kind == "inverted":
                if _is_nothing(value):
                    self.write(section.content, scopes)
            elif not _is_nothing(value):
                for item in value if isinstance(value, list) else [value]:
                    self.write(section.content, (*scopes, item))

    def _function(self, section: _Section, scopes: tuple[Any, ...]) -> None:
        [argument] = section.content
        name = argument.text.strip() if isinstance(argument, _Text) else ""
        value = _lookup(name, scopes, section.line)
        if section.kind == "join":
            # What is no list is not joined, and its name stays.
            self._put(section.delimiter.join(map(_text, value)) if isinstance(value, list) else name)
        else:
            self._put(json.encode(value).decode() if isinstance(value, (list, dict)) else _text(value))

    def _put(self, text: str) -> None:
        self._left -= len(text) + _VISIT
        if self._left < 0:
            raise MustacheException(f"the template writes more than [{_BUDGET}] characters")
        self.parts.append(text)


def _lookup(path: str, scopes: tuple[Any, ...], line: int) -> Any:
    """The value of `a.b.0`: its first name in the innermost scope that has it. None when there is none."""
    if path == ".":
        return scopes[-1]
    first, *rest = path.split(".")
    value = next((found for scope in reversed(scopes) if (found := _member(scope, first)) is not _ABSENT), _ABSENT)
    for name in rest:
        if isinstance(value, list) and name.isdecimal() and int(name) >= len(value):
            raise _fault(f"Failed to get value for {path}", line)
        value = _member(value, name)
    return None if value is _ABSENT else value


def _member(scope: Any, name: str) -> Any:
    if isinstance(scope, Mapping):
        return scope.get(name, _ABSENT)
    if isinstance(scope, list):
        if name == "size":
            return len(scope)
        if name.isdecimal() and int(name) < len(scope):
            return scope[int(name)]
    return _ABSENT


def _is_nothing(value: Any) -> bool:
    return value is None or value is False or value in ("", [])


def _text(value: Any) -> str:
    """A value as a variable shows it; a list shows its places."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "{" + ", ".join(f"{place}={java_text(item)}" for place, item in enumerate(value)) + "}"
    return java_text(value)


__all__ = ["ESCAPES", "Escape", "MustacheException", "MustacheTemplate", "compile_template"]
