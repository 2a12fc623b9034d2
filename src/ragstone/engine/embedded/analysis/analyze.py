"""`_analyze`: texts through an analyzer, with what each of its parts did to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException, IllegalStateException
from ragstone.core.xcontent import java_text
from ragstone.dsl.analyze import AnalyzeRequest, NameOrDefinition
from ragstone.engine.embedded.analysis.analyzer import Analyzer, PartNames, Token, utf16_length
from ragstone.engine.embedded.analysis.registry import Analyzers
from ragstone.engine.values import Analysis, AnalyzedStep, AnalyzedToken

T = TypeVar("T")


def analyze(request: AnalyzeRequest, analyzer: Analyzer, *, gap: int, limit: int) -> Analysis:
    """All texts of the request, one after the other and `gap` positions apart.

    Raises IllegalStateException when a step makes more than `limit` tokens. `Differs:` with status 400, because it is
    the caller's doing; OpenSearch says 500.
    """
    names = analyzer.names
    if not request.explain or names is None:
        return Analysis([AnalyzedStep(analyzer.name, _tokens(analyzer, request.text, gap, limit))])
    steps = [
        AnalyzedStep(
            name, _tokens(replace(analyzer, filters=analyzer.filters[:used], fast=None), request.text, gap, limit)
        )
        for used, name in enumerate([names.tokenizer, *names.filters])
    ]
    changed: list[tuple[str, Sequence[str]]] = []
    texts: Sequence[str] = request.text
    for name, change in zip(names.char_filters, analyzer.char_filters, strict=True):
        texts = [change(text)[0] for text in texts]
        changed.append((name, texts))
    return Analysis(steps, changed, in_parts=True)


def _tokens(analyzer: Analyzer, texts: Sequence[str], gap: int, limit: int) -> list[AnalyzedToken]:
    found: list[AnalyzedToken] = []
    position, offset = 0, 0
    for text in texts:
        behind = 0

        def counted(text: str) -> Iterator[Token]:
            nonlocal behind
            for token in analyzer.tokenizer(text):
                behind = token.position + 1
                yield token

        for token in replace(analyzer, tokenizer=counted, fast=None).tokens(text):
            if len(found) == limit:
                raise _too_many(limit)
            found.append(
                AnalyzedToken(
                    token.term, offset + token.start, offset + token.end, token.type, position + token.position,
                    token.keyword, token.length,
                )
            )  # fmt: skip
        position += behind + gap
        offset += utf16_length(text) + 1
    return found


def _too_many(limit: int) -> IllegalStateException:
    error = IllegalStateException(
        f"The number of tokens produced by calling _analyze has exceeded the allowed maximum of [{limit}]. This limit "
        "can be set by changing the [index.analyze.max_token_count] index level setting."
    )
    error.status = 400
    return error


# ── which analyzer ───────────────────────────────────────────────────────────────────────────────────────────────────


def in_parts(request: AnalyzeRequest, analyzers: Analyzers, *, index: bool) -> Analyzer:
    """The chain that a request describes part by part. Without a tokenizer it is a normalizer.

    Raises IllegalArgumentException for parts that are not there.
    """
    find = _Finder(index)
    tokenizer = find("tokenizer", analyzers.tokenizer, request.tokenizer or "keyword")
    char_filters = [find("char_filter", analyzers.char_filter, part) for part in request.char_filters]
    filters = []
    for part in request.filters:
        filters.append(find("filter", analyzers.token_filter, part))
        if request.tokenizer is None and not analyzers.changes_characters_only(part):
            raise IllegalArgumentException(f"Custom normalizer may not use filter [{_name(part)}]")
    names = PartNames(_name(request.tokenizer or "keyword"), _names(request.filters), _names(request.char_filters))
    return Analyzer("", tokenizer, filters, char_filters=char_filters, names=names)


class _Finder:
    """Finds parts, and says which one is missing."""

    def __init__(self, index: bool) -> None:
        self._where = "" if index else "global "

    def __call__(self, kind: str, find: Callable[[NameOrDefinition], T | None], part: NameOrDefinition) -> T:
        where, name = self._where, part
        if isinstance(part, dict):
            if part.get("type") is None:
                given = json.encode({key: java_text(value) for key, value in part.items()}).decode()
                raise IllegalArgumentException(f"Missing [type] setting for anonymous {kind}: {given}")
            where, name = "global ", java_text(part["type"])
        found = find(part)
        if found is None:
            raise IllegalArgumentException(f"failed to find {where}{kind} under [{name}]")
        return found


def _name(part: NameOrDefinition) -> str:
    return part if isinstance(part, str) else f"__anonymous__{java_text(part['type'])}"


def _names(parts: Iterable[NameOrDefinition]) -> list[str]:
    return [_name(part) for part in parts]
