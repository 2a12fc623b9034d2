"""Templates of connectors: request bodies, URLs and headers with `${parameters.x}` and `${credential.x}` in them.

A request body is filled by position. The template, with the connector's own parameters put in (they are part of it),
says whether a placeholder stands inside a JSON string or as a JSON value of its own; a value given by the request is
escaped or inserted accordingly, so it can not change the structure around it.

Two ways to take the given values:

- `literal`: they are data, whatever they look like. Searches and pipelines use this.
- not literal: what a client of the predict API expects of OpenSearch. Placeholders inside a value are expanded; a text
  that reads as a JSON object or array is put in as it is; a text standing for a JSON value is put in unquoted. Where
  that breaks the body, the body is refused.

The rules of names, defaults (`:-`), escapes (`$${`) and recursion are those of Apache Commons Text's StringSubstitutor.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException, IllegalStateException, JavaException
from ragstone.ml.values import escaped, is_json, is_json_tree, text_of

PARAMETERS = "${parameters."
CREDENTIAL = "${credential."
_NULL_DEFAULT = re.compile(r'"\$\{parameters\.(\w+):-null\}"')
_UNFILLED = re.compile(r"\$\{parameters\.([^}]+)\}")
_BARE_WORD = re.compile(r"[A-Za-z_][\w.-]*")
_BARE_VALUE = re.compile(r'"(?:[^"\\]|\\.)*"|(?<=[:])\s*(?!true\b|false\b|null\b)([A-Za-z_][\w.-]*)(?=\s*[,}])')
_TO_STRING = ".toString()"

Lookup = Callable[[str], str | None]


@dataclass(frozen=True)
class _Placeholder:
    raw: str
    name: str
    default: str | None


def substitute(text: str, lookup: Lookup, *, _path: tuple[str, ...] = ()) -> str:
    """Fill `${parameters.x}` by name. Values are scanned again; a placeholder that nothing fills stays.

    Raises IllegalStateException for a value that leads back to itself.
    """
    out = []
    for part in _parts(text, PARAMETERS):
        if isinstance(part, str):
            out.append(part)
            continue
        value = lookup(part.name)
        if value is None:
            value = part.default
        if value is None:
            out.append(part.raw)
        else:
            out.append(substitute(value, lookup, _path=_deeper(_path, part.name, text)))
    return "".join(out)


def fill_credentials(text: str, credential: Mapping[str, str]) -> str:
    """Fill `${credential.x}`. What is put in is never scanned, so no secret can turn up in an error."""
    out = []
    for part in _parts(text, CREDENTIAL):
        out.append(part if isinstance(part, str) else credential.get(part.name, part.default or part.raw))
    return "".join(out)


def unfilled(text: str, prefix: str) -> list[str]:
    """Names of the placeholders in a text, in order."""
    return [part.name for part in _parts(text, prefix) if isinstance(part, _Placeholder)]


def lacking(text: str, prefix: str, known: Container[str]) -> list[str]:
    """Names of the placeholders that neither `known` nor a default fills, in order."""
    parts = (part for part in _parts(text, prefix) if isinstance(part, _Placeholder))
    return [part.name for part in parts if part.name not in known and part.default is None]


def fill_payload(template: str, own: Mapping[str, str], given: Mapping[str, Any], *, literal: bool) -> str:
    """The body to send. `own` are the connector's parameters, `given` those of the request; given ones win.

    Raises IllegalArgumentException: `Invalid payload: ...` when the result is no JSON object or array, `Some parameter
    placeholder not filled in payload: a, b` (unless the parameter skip_validating_missing_parameters is "true").
    """
    filler = _Filler(own, given, literal)
    payload = filler.fill(template)
    if filler.broken or not _sendable(payload, literal=literal):
        raise IllegalArgumentException(f"Invalid payload: {payload}")
    skip = text_of(given.get("skip_validating_missing_parameters", own.get("skip_validating_missing_parameters", "")))
    missing = filler.missing if literal else list(dict.fromkeys(_UNFILLED.findall(payload)))
    if missing and skip != "true":
        raise IllegalArgumentException(f"Some parameter placeholder not filled in payload: {', '.join(missing)}")
    return payload


class _Filler:
    """One filling of one body. `broken`: a given text stands for a JSON value and is none."""

    def __init__(self, own: Mapping[str, str], given: Mapping[str, Any], literal: bool) -> None:
        self._own = own
        self._given = given
        self._literal = literal
        self._no_escape = {name.strip() for name in text_of(given.get("no_escape_params", "")).split(",")}
        self.missing: list[str] = []
        self.broken = False

    def fill(self, template: str) -> str:
        known = self._own.keys() | self._given.keys()
        template = _NULL_DEFAULT.sub(lambda found: found[0] if found[1] in known else "null", template)
        out, quoted = [], False
        for part in self._expand(template, ()):
            if isinstance(part, str):
                out.append(part)
                quoted = _ends_in_string(part, quoted)
            else:
                out.append(self._inserted(part.name, quoted))
        return "".join(out)

    def _expand(self, text: str, path: tuple[str, ...]) -> Iterator[str | _Placeholder]:
        """The text with the connector's own parameters and the defaults put in, and what the request fills left."""
        for part in _parts(text, PARAMETERS):
            if isinstance(part, str) or part.name in self._given or self._to_string(part.name) is not None:
                yield part
            elif (value := self._own.get(part.name, part.default)) is not None:
                yield from self._expand(value, _deeper(path, part.name, text))
            else:
                if part.name not in self.missing:
                    self.missing.append(part.name)
                yield part.raw

    def _inserted(self, name: str, quoted: bool) -> str:
        """The text of one given value at its place."""
        as_text = self._to_string(name)
        if as_text is not None:
            return as_text
        value = self._given[name]
        if self._literal:
            return escaped(text_of(value)) if quoted else json.encode(value).decode()
        text = substitute(self._prepared(name), self._lookup, _path=(name,))
        if not quoted and isinstance(value, str) and not is_json(text) and not _BARE_WORD.fullmatch(text):
            self.broken = True
        return text

    def _prepared(self, name: str) -> str:
        value = self._given[name]
        if not isinstance(value, str):
            return text_of(value)
        return value if is_json_tree(value) or name in self._no_escape else escaped(value)

    def _lookup(self, name: str) -> str | None:
        """What a placeholder inside a given value becomes."""
        as_text = self._to_string(name)
        if as_text is not None:
            return as_text
        return self._prepared(name) if name in self._given else self._own.get(name)

    def _to_string(self, name: str) -> str | None:
        """`x.toString()` is the text of x, escaped, where some parameter's value asks for it; never in the body."""
        base = name.removesuffix(_TO_STRING)
        if base == name or not self._asked_for(PARAMETERS + name + "}"):
            return None
        if base in self._given:
            return escaped(text_of(self._given[base]))
        return escaped(self._own[base]) if base in self._own else None

    def _asked_for(self, placeholder: str) -> bool:
        values = list(self._own.values())
        if not self._literal:
            values += [text_of(value) for value in self._given.values()]
        return any(placeholder in value for value in values)


def _parts(text: str, prefix: str) -> Iterator[str | _Placeholder]:
    """A text cut at its placeholders. The `$` that escapes one is dropped and the placeholder becomes text."""
    at = 0
    while True:
        start = text.find(prefix, at)
        end = text.find("}", start) if start >= 0 else -1
        if end < 0:
            yield text[at:]
            return
        if start > at and text[start - 1] == "$":
            yield text[at : start - 1] + text[start : end + 1]
        else:
            yield text[at:start]
            name, delimiter, default = text[start + len(prefix) : end].partition(":-")
            yield _Placeholder(text[start : end + 1], name, default if delimiter else None)
        at = end + 1


def _deeper(path: tuple[str, ...], name: str, text: str) -> tuple[str, ...]:
    """`Differs:` a 400, where OpenSearch answers 500: the caller wrote the loop."""
    if name in path:
        raise IllegalStateException(f"Infinite loop in property interpolation of {text}: {'->'.join((*path, name))}")
    return (*path, name)


def _ends_in_string(text: str, inside: bool) -> bool:
    """Whether a JSON string is open after this piece of a body."""
    for found in re.finditer(r'\\.|"', text, re.DOTALL):
        if found[0] == '"':
            inside = not inside
    return inside


def _sendable(payload: str, *, literal: bool) -> bool:
    """A JSON object or array. OpenSearch's check is lenient: a member's value may be a word without quotes."""
    if is_json_tree(payload):
        return True
    if literal or payload.lstrip()[:1] not in ("{", "["):
        return False
    quoted = _BARE_VALUE.sub(lambda found: f'"{found[1]}"' if found[1] else found[0], payload)
    try:
        json.decode(quoted)
    except JavaException:
        return False
    return True
