"""Texts with `{{ field }}` in processor options: mustache's variables, filled from the document.

`Differs:` sections, partials and delimiter changes are refused when the pipeline is stored; variables and comments are
what pipelines use. `{{x}}` and `{{{x}}}` mean the same, as in OpenSearch's ingest templates.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import Any, Protocol

from ragstone.core.errors import IllegalArgumentException, ScriptException
from ragstone.core.xcontent import JsonObject, java_text
from ragstone.pipelines.ingest.document import IngestDocument

_TAG = re.compile(r"\{\{(\{\s*(?P<triple>[^{}]*?)\s*\}|\s*(?P<kind>[#^/>!&=]?)\s*(?P<name>[^{}]*?)\s*)\}\}")


class ValueSource(Protocol):
    """A configured value that may depend on the document."""

    def render(self, document: IngestDocument) -> Any:
        """The value for this document; objects and lists are fresh copies."""
        ...


@dataclass(frozen=True)
class Template:
    """A text with variables: literal texts and the paths between them, in turn, beginning and ending with a text."""

    texts: tuple[str, ...]
    paths: tuple[tuple[str, ...], ...]

    @classmethod
    def compile(cls, text: str) -> Template:
        """Raises ScriptException `compile error` for what is no variable."""
        texts, paths, at = [""], [], 0
        for tag in _TAG.finditer(text):
            texts[-1] += text[at : tag.start()]
            at = tag.end()
            kind = tag["kind"] or ""
            name = tag["triple"] if tag["triple"] is not None else tag["name"]
            if kind == "!":
                continue
            if kind not in ("", "&") or not name:
                raise ScriptException(
                    "compile error",
                    cause=IllegalArgumentException(
                        f"template [{text}] uses [{tag[0]}]: only variables are supported here"
                    ),
                    metadata={"script": text, "lang": "mustache"},
                )
            paths.append(tuple(name.split(".")) if name != "." else (".",))
            texts.append("")
        texts[-1] += text[at:]
        return cls(tuple(texts), tuple(paths))

    def render(self, document: IngestDocument) -> str:
        if not self.paths:
            return self.texts[0]
        model = document.model()
        out = [self.texts[0]]
        for path, text in zip(self.paths, self.texts[1:], strict=True):
            out += _show(_find(model, path)), text
        return "".join(out)


def _find(model: JsonObject, path: tuple[str, ...]) -> Any:
    node: Any = model
    for part in path:
        if isinstance(node, dict):
            node = node.get(part)
        elif isinstance(node, list):
            node = node[int(part)] if part.isdecimal() and int(part) < len(node) else None
        else:
            return None
    return node


def _show(value: Any) -> str:
    return "" if value is None else java_text(value)


@dataclass(frozen=True)
class Constant:
    """A value without variables anywhere inside."""

    value: Any

    def render(self, document: IngestDocument) -> Any:
        return copy.deepcopy(self.value)


@dataclass(frozen=True)
class Tree:
    """An object or list with variables in some of its texts; keys may have them too."""

    items: tuple[tuple[Template | None, ValueSource], ...]
    keyed: bool

    def render(self, document: IngestDocument) -> Any:
        if self.keyed:
            return {k.render(document) if k else "": v.render(document) for k, v in self.items}
        return [value.render(document) for _, value in self.items]


def value_source(value: Any) -> ValueSource:
    """A configured JSON value, templates inside compiled. Raises ScriptException."""
    if not _has_template(value):
        return Constant(value)
    if isinstance(value, str):
        return Template.compile(value)
    if isinstance(value, dict):
        return Tree(tuple((Template.compile(k), value_source(v)) for k, v in value.items()), keyed=True)
    return Tree(tuple((None, value_source(member)) for member in value), keyed=False)


def _has_template(value: Any) -> bool:
    if isinstance(value, str):
        return "{{" in value
    if isinstance(value, dict):
        return any(_has_template(k) or _has_template(v) for k, v in value.items())
    return isinstance(value, list) and any(_has_template(member) for member in value)
