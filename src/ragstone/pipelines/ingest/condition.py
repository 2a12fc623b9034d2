"""`if` of ingest processors: the small part of Painless that conditions are mostly written in.

Supported: `ctx` paths (`ctx.a.b`, `ctx?.a?.b`, `ctx['a']`, `ctx.list[0]`), literals, `==` `!=` `<` `<=` `>` `>=`, `&&`
`||` `!`, parentheses, `containsKey`, `contains`, `startsWith`, `endsWith`, `isEmpty`, `length`, `size`. Everything else
is refused when the pipeline is stored, with the ScriptException that a script which does not compile gets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ragstone.core.errors import IllegalArgumentException, OpenSearchException, ScriptException
from ragstone.core.xcontent import JsonObject, java_type

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+\.\d+|\d+)[LlFfDd]?|(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    r"""|(?P<word>[A-Za-z_]\w*)|(?P<sign>\?\.|==|!=|<=|>=|&&|\|\||[<>!().\[\],;]))"""
)
_Evaluate = Callable[[JsonObject], Any]


class _RuntimeError(OpenSearchException):
    """Becomes the cause of a ScriptException `runtime error`."""

    wire_type = "null_pointer_exception"


@dataclass(frozen=True)
class Condition:
    """A compiled condition. `text` is what the pipeline says."""

    text: str
    _evaluate: _Evaluate

    @classmethod
    def compile(cls, text: str) -> Condition:
        """Raises ScriptException `compile error`."""
        return cls(text, _Parser(text).parse())

    def holds(self, ctx: JsonObject) -> bool:
        """Raises ScriptException `runtime error`."""
        try:
            return self._evaluate(ctx) is True
        except (_RuntimeError, IllegalArgumentException) as error:
            raise ScriptException(
                "runtime error", cause=error, metadata={"script": self.text, "lang": "painless"}
            ) from None


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None:
                raise self.refuse(text[at:].strip()[:20])
            kind = found.lastgroup or ""
            self.tokens.append((kind, found[kind]))
            at = found.end()
        self.at = 0

    def refuse(self, what: str) -> ScriptException:
        return ScriptException(
            "compile error",
            cause=IllegalArgumentException(
                f"[{what}] is not supported in a condition here: comparisons of ctx fields with literals, &&, ||, ! "
                "and containsKey are"
            ),
            metadata={"script": self.text, "lang": "painless"},
        )

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        if self.at < len(self.tokens) and self.tokens[self.at][1] in wanted and self.tokens[self.at][0] != "text":
            self.at += 1
            return self.tokens[self.at - 1][1]
        return ""

    def expect(self, wanted: str) -> None:
        if not self.take(wanted):
            raise self.refuse(self.peek() or "end of the script")

    def parse(self) -> _Evaluate:
        self.take("return")
        result = self.either()
        self.take(";")
        if self.at < len(self.tokens):
            raise self.refuse(self.peek())
        return result

    def either(self) -> _Evaluate:
        left = self.both()
        while self.take("||"):
            left = _or(left, self.both())
        return left

    def both(self) -> _Evaluate:
        left = self.comparison()
        while self.take("&&"):
            left = _and(left, self.comparison())
        return left

    def comparison(self) -> _Evaluate:
        left = self.unary()
        sign = self.take("==", "!=", "<=", ">=", "<", ">")
        return _compare(sign, left, self.unary()) if sign else left

    def unary(self) -> _Evaluate:
        if self.take("!"):
            inner = self.unary()
            return lambda ctx: not _truth(inner(ctx))
        return self.primary()

    def primary(self) -> _Evaluate:
        if self.take("("):
            inner = self.either()
            self.expect(")")
            return inner
        if self.at >= len(self.tokens):
            raise self.refuse("end of the script")
        kind, word = self.tokens[self.at]
        self.at += 1
        if kind == "text":
            literal: Any = re.sub(r"\\(.)", r"\1", word[1:-1])
            return lambda ctx: literal
        if kind == "number":
            literal = float(word) if "." in word else int(word)
            return lambda ctx: literal
        if word in ("true", "false", "null"):
            literal = {"true": True, "false": False, "null": None}[word]
            return lambda ctx: literal
        if kind == "word" and word == "ctx":
            return self.path()
        raise self.refuse(word)

    def path(self) -> _Evaluate:
        value: _Evaluate = lambda ctx: ctx  # noqa: E731
        while True:
            sign = self.take(".", "?.", "[")
            if not sign:
                return value
            if sign == "[":
                kind, key = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
                if kind not in ("text", "number"):
                    raise self.refuse(key or "end of the script")
                self.at += 1
                self.expect("]")
                value = _member(value, key[1:-1] if kind == "text" else int(key), safe=False)
                continue
            kind, name = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
            if kind not in ("word", "number"):
                raise self.refuse(name or "end of the script")
            self.at += 1
            if self.take("("):
                value = self.call(value, name, safe=sign == "?.")
            else:
                value = _member(value, name, safe=sign == "?.")

    def call(self, target: _Evaluate, name: str, *, safe: bool) -> _Evaluate:
        arguments: list[_Evaluate] = []
        while not self.take(")"):
            arguments.append(self.either())
            self.take(",")
            if self.at >= len(self.tokens):
                raise self.refuse("end of the script")
        method = _METHODS.get((name, len(arguments)))
        if method is None:
            raise self.refuse(name)

        def run(ctx: JsonObject) -> Any:
            value = target(ctx)
            if value is None:
                if safe:
                    return None
                raise _RuntimeError(f'Cannot invoke "{name}" because the value is null')
            return method(value, *(argument(ctx) for argument in arguments))

        return run


def _of(kinds: type | tuple[type, ...], method: Callable[..., Any]) -> Callable[..., Any]:
    def checked(value: Any, *arguments: Any) -> Any:
        if not isinstance(value, kinds):
            raise IllegalArgumentException(f"no such method for a value of type [{java_type(value)}]")
        return method(value, *arguments)

    return checked


_METHODS: dict[tuple[str, int], Callable[..., Any]] = {
    ("containsKey", 1): _of(dict, lambda value, key: key in value),
    ("contains", 1): _of((list, str), lambda value, part: part in value),
    ("startsWith", 1): _of(str, lambda value, part: value.startswith(part)),
    ("endsWith", 1): _of(str, lambda value, part: value.endswith(part)),
    ("isEmpty", 0): _of((str, list, dict), lambda value: not value),
    ("length", 0): _of(str, len),
    ("size", 0): _of((list, dict), len),
}


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise IllegalArgumentException(f"Cannot cast from [{java_type(value)}] to [boolean].")
    return value


def _or(left: _Evaluate, right: _Evaluate) -> _Evaluate:
    return lambda ctx: _truth(left(ctx)) or _truth(right(ctx))


def _and(left: _Evaluate, right: _Evaluate) -> _Evaluate:
    return lambda ctx: _truth(left(ctx)) and _truth(right(ctx))


def _compare(sign: str, left: _Evaluate, right: _Evaluate) -> _Evaluate:
    def compare(ctx: JsonObject) -> bool:
        a, b = left(ctx), right(ctx)
        if sign in ("==", "!="):
            # Java keeps booleans and numbers apart; Python does not.
            equal = a == b and isinstance(a, bool) == isinstance(b, bool)
            return equal if sign == "==" else not equal
        if a is None or b is None:
            raise _RuntimeError("Cannot compare null")
        if not all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in (a, b)):
            raise IllegalArgumentException(f"Cannot apply [{sign}] to [{java_type(a)}] and [{java_type(b)}]")
        return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign])

    return compare


def _member(target: _Evaluate, key: str | int, *, safe: bool) -> _Evaluate:
    def get(ctx: JsonObject) -> Any:
        value = target(ctx)
        if value is None:
            if safe:
                return None
            raise _RuntimeError(f"Cannot read [{key}] because the value before it is null")
        if isinstance(value, dict):
            return value.get(str(key))
        if isinstance(value, list) and str(key).isdecimal():
            index = int(key)
            if index < len(value):
                return value[index]
            raise IllegalArgumentException(f"Index {index} out of bounds for length {len(value)}")
        raise IllegalArgumentException(f"dynamic getter [{java_type(value)}, {key}] not found")

    return get
