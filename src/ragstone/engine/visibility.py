"""What of an index somebody may see, ready to be applied: which documents, which fields, and which only as a hash.

Made of `core.caller.IndexView` and of nothing else. Whatever cannot be understood hides; it never shows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ragstone.core import json
from ragstone.core.caller import IndexView
from ragstone.core.errors import OpenSearchException
from ragstone.core.regex import java_pattern, java_replacement, may_explode
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.queries.hybrid import HybridQuery
from ragstone.dsl.queries.neural import Neural
from ragstone.dsl.queries.neural_sparse import NeuralSparse
from ragstone.dsl.query import Query, parse_query

_NO_FILTERS = (HybridQuery, Neural, NeuralSparse)
"""Queries that a model or a phase of its own has to make something of first."""
_REMEMBERED_PATHS = 4_096


class FieldFilter:
    """Which fields are shown.

    `patterns` name them, `*` and `?` standing for any text and any character, `/.../` for a regular expression over the
    whole path. Behind a `~` they hide; where there is one such, those without it mean nothing.

    A field is shown only inside objects that are. `crew.name` opens `crew` for its one field, `crew` alone shows the
    object and nothing in it, `crew.*` all that is in it, `~crew` hides it with all that is in it.
    """

    def __init__(self, patterns: tuple[str, ...]) -> None:
        hiding = tuple(pattern[1:] for pattern in patterns if _is_hiding(pattern))
        self._hides = bool(hiding)
        self._patterns = hiding or patterns
        self._named = _any_of(self._patterns, on_fault=self._hides)
        self._opened = frozenset() if hiding else frozenset(_objects_above(patterns))
        self._shown: dict[str, bool] = {}

    def shows(self, path: str) -> bool:
        """Whether the leaf field at a full path is shown."""
        known = self._shown.get(path)
        if known is None:
            known = self._named(path) != self._hides and self._is_inside_shown(path)
            if len(self._shown) >= _REMEMBERED_PATHS:
                self._shown.clear()
            self._shown[path] = known
        return known

    def shows_sub_field(self, path: str, parent: str) -> bool:
        """The same for a multi-field, which is made of its parent's values: shown with it, or by its own name."""
        if self._hides:
            return self.shows(parent) and self.shows(path)
        return self.shows(parent) or self.shows(path)

    def opens(self, path: str) -> bool:
        """Whether the object at a full path is shown, if only as a frame around what is shown in it."""
        return self.shows(path) or (path in self._opened and self._is_inside_shown(path))

    def shows_all_in(self, path: str) -> bool:
        """Whether whatever can be below `path` is shown, for certain."""
        below = f"{path}."
        if not self.opens(path):
            return False
        if self._hides:
            return not any(_may_reach(pattern, below) for pattern in self._patterns)
        return any(pattern == "*" or below.startswith(_prefix_of(pattern) or "\0") for pattern in self._patterns)

    def _is_inside_shown(self, path: str) -> bool:
        parent = path.rpartition(".")[0]
        return not parent or self.opens(parent)

    def cut(self, tree: JsonObject, prefix: str = "") -> JsonObject:
        """A decoded document with what is shown of it."""
        kept: JsonObject = {}
        for key, value in tree.items():
            path = prefix + key
            if self.opens(path):
                found = self._cut(value, path)
                if found is not _NOTHING:
                    kept[key] = found
        return kept

    def _cut(self, value: Any, path: str) -> Any:
        if isinstance(value, dict):
            return self.cut(value, path + ".")
        if isinstance(value, list):
            members = [found for member in value if (found := self._cut(member, path)) is not _NOTHING]
            return members if members or not value or self.shows(path) else _NOTHING
        return value if self.shows(path) else _NOTHING


_NOTHING = object()


class FieldMasks:
    """Which fields are shown as something else than they are: a hash, or a text with parts replaced.

    `rules` are `name`, `name::SHA-512` (an algorithm), `name::/regex/::replacement` (several pairs in a row); names are
    patterns as in `FieldFilter`. The hash without an algorithm is BLAKE2b of 32 bytes with the salt, as hexadecimal.
    `Differs:` numbers and booleans are hashed too, in their JSON form, where OpenSearch shows them.
    """

    def __init__(self, rules: tuple[str, ...], salt: str) -> None:
        parts = [rule.split("::") for rule in rules]
        self._names = tuple(name for name, *_ in parts)
        self._rules = [(_any_of((name,), on_fault=True), _replacing(*rest, salt=salt)) for name, *rest in parts]
        self._known: dict[str, Mask | None] = {}

    def of(self, path: str) -> Mask | None:
        """What is done to the field at a full path; None leaves it as it is."""
        if path not in self._known:
            if len(self._known) >= _REMEMBERED_PATHS:
                self._known.clear()
            above = (path, *_above(path))
            self._known[path] = next((mask for named, mask in self._rules if any(map(named, above))), None)
        return self._known[path]

    def reach_into(self, path: str) -> bool:
        """Whether something below `path` might be masked."""
        return any(_may_reach(name, f"{path}.") for name in self._names)

    def masked(self, tree: JsonObject, prefix: str = "") -> JsonObject:
        """A decoded document with its masked values replaced."""
        return {key: self._masked(value, prefix + key) for key, value in tree.items()}

    def _masked(self, value: Any, path: str) -> Any:
        if isinstance(value, dict):
            return self.masked(value, path + ".")
        if isinstance(value, list):
            return [self._masked(member, path) for member in value]
        mask = self.of(path)
        return value if mask is None or value is None else mask(value_text(value))


Mask = Callable[[str], str]


@dataclass(frozen=True, eq=False)
class Visibility:
    """What somebody sees of one index. Compared by identity: the same view always gives the same one."""

    documents: tuple[Query, ...] | None = None
    """A document is shown when it matches one of these; None shows all, none at all shows nothing."""
    fields: FieldFilter | None = None
    """None: all fields."""
    masks: FieldMasks | None = None

    @property
    def is_whole(self) -> bool:
        """Nothing is hidden, nothing masked."""
        return self.documents is None and self.fields is None and self.masks is None

    def shows(self, path: str) -> bool:
        """Whether the field at a full path is there, masked or not."""
        return self.fields is None or self.fields.shows(path)

    def cut(self, source: bytes) -> bytes:
        """A document's JSON with what is shown of it."""
        if self.fields is None and self.masks is None:
            return source
        tree = json.decode(source)
        if self.fields is not None:
            tree = self.fields.cut(tree)
        if self.masks is not None:
            tree = self.masks.masked(tree)
        return json.encode(tree)


Views = Mapping[str, Visibility]
"""By the index's name; those that are wholly visible have none."""


@lru_cache(maxsize=1024)
def visibility(view: IndexView) -> Visibility:
    """A view, compiled. A text that is no query shows nothing."""
    documents = None
    if view.documents is not None:
        documents = tuple(query for text in view.documents if (query := _read(text)) is not None)
    return Visibility(
        documents,
        FieldFilter(view.fields) if view.fields and not _show_all(view.fields) else None,
        FieldMasks(view.masked, view.salt) if view.masked else None,
    )


def _show_all(patterns: tuple[str, ...]) -> bool:
    return "*" in patterns and not any(map(_is_hiding, patterns))


def _read(text: str) -> Query | None:
    try:
        query = parse_query(json.decode(text.encode()))
    except OpenSearchException:
        return None
    return None if any(isinstance(node, _NO_FILTERS) for node in _nodes(query)) else query


def _nodes(query: Query) -> Iterator[Query]:
    yield query
    for child in query.children():
        yield from _nodes(child)


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _any_of(patterns: tuple[str, ...], *, on_fault: bool) -> Callable[[str], bool]:
    """Whether one of the patterns describes a whole path; always `on_fault` when one of them can't be read."""
    compiled = []
    for pattern in patterns:
        if _is_regex(pattern):
            try:
                found = None if may_explode(pattern) else java_pattern(pattern[1:-1], re.DOTALL)
            except re.error:
                found = None
            if found is None:
                return lambda path: on_fault
        else:
            found = re.compile("".join(map(_wildcard, pattern)), re.DOTALL)
        compiled.append(found)
    return lambda path: any(pattern.fullmatch(path) for pattern in compiled)


def _is_hiding(pattern: str) -> bool:
    return pattern.startswith(("~", "!"))


def _wildcard(character: str) -> str:
    return {"*": ".*", "?": "."}.get(character) or re.escape(character)


def _is_regex(pattern: str) -> bool:
    return len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/")


def _above(path: str) -> Iterator[str]:
    while path := path.rpartition(".")[0]:
        yield path


def _objects_above(patterns: tuple[str, ...]) -> Iterator[str]:
    for pattern in patterns:
        if not _is_regex(pattern):
            yield from _above(pattern)


def _may_reach(pattern: str, below: str) -> bool:
    """Whether a pattern could describe a path that begins with `below`."""
    literal = re.split(r"[*?]", pattern, maxsplit=1)[0]
    return _is_regex(pattern) or literal.startswith(below) or (literal != pattern and below.startswith(literal))


def _prefix_of(pattern: str) -> str | None:
    """What a path must begin with for the pattern to describe it, when that is all it takes."""
    return pattern[:-1] if pattern.endswith("*") and not set("*?/") & set(pattern[:-1]) else None


# ── masks ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def value_text(value: Any) -> str:
    """What of a value is masked: a text itself, the JSON of anything else."""
    return value if isinstance(value, str) else json.encode(value).decode()


def _replacing(*rest: str, salt: str) -> Mask:
    """The mask that stands behind a field's name: nothing, an algorithm, or pairs of a pattern and its replacement."""
    if len(rest) == 1 and (name := _algorithm(rest[0])) is not None:
        return lambda value: hashlib.new(name, value.encode(), usedforsecurity=False).hexdigest()
    if rest and len(rest) % 2 == 0:
        pairs = [_pair(rest[at], rest[at + 1]) for at in range(0, len(rest), 2)]
        known = [pair for pair in pairs if pair is not None]
        if len(known) == len(pairs):
            return lambda value: _replaced(value, known)
    key = salt.encode()[:16]
    return lambda value: hashlib.blake2b(value.encode(), digest_size=32, salt=key).hexdigest()


def _algorithm(name: str) -> str | None:
    """Java's name of a hash as Python has it; None when there is no such."""
    python = re.sub(r"^sha-?([125])", r"sha\1", name.lower()).replace("-", "_").replace("/", "_")
    return python if python in hashlib.algorithms_available and not python.startswith("shake") else None


def _pair(text: str, by: str) -> tuple[re.Pattern[str], str] | None:
    """A pattern and its replacement in Python's words; None when they can't be read."""
    if not _is_regex(text) or may_explode(text[1:-1]):
        return None
    try:
        pattern, replacement = java_pattern(text[1:-1]), java_replacement(by)
        pattern.sub(replacement, "")
    except (re.error, IndexError):
        return None
    return pattern, replacement


def _replaced(value: str, pairs: list[tuple[re.Pattern[str], str]]) -> str:
    for pattern, replacement in pairs:
        value = pattern.sub(replacement, value)
    return value


__all__ = ["FieldFilter", "FieldMasks", "Mask", "Views", "Visibility", "value_text", "visibility"]
