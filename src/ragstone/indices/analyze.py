"""Showing what an analyzer makes of a text."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.analyze import AnalyzeRequest
from ragstone.engine.api import AnalysisEngine, MetadataEngine
from ragstone.engine.values import Analysis, AnalyzedStep, AnalyzedToken
from ragstone.indices.access import permitted_one, require_on

_ACTION = "indices:admin/analyze"


class AnalyzeService:
    def __init__(self, metadata: MetadataEngine, engine: AnalysisEngine) -> None:
        self._metadata = metadata
        self._engine = engine

    async def analyze(self, index: str | None, request: AnalyzeRequest) -> JsonObject:
        """The answer of `_analyze`: `tokens`, or with `explain` the `detail` of every step.

        `index` may be an alias of one index. Raises what `resolve_one` and `AnalysisEngine.analyze` raise.
        """
        if index is not None:
            index = permitted_one(await self._metadata.metadata(), index, _ACTION).index.name
        else:
            require_on(["*"], _ACTION)
        analysis = await self._engine.analyze(index, request)
        if not request.explain:
            return {"tokens": [_token(token) for token in analysis.steps[-1].tokens]}
        return {"detail": _detail(analysis, request.attributes)}


def _detail(analysis: Analysis, attributes: Collection[str]) -> JsonObject:
    first, *rest = (_step(step, attributes) for step in analysis.steps)
    if not analysis.in_parts:
        return {"custom_analyzer": False, "analyzer": first}
    return {
        "custom_analyzer": True,
        "charfilters": [{"name": name, "filtered_text": list(texts)} for name, texts in analysis.char_filters],
        "tokenizer": first,
        "tokenfilters": rest,
    }


def _step(step: AnalyzedStep, attributes: Collection[str]) -> JsonObject:
    tokens = [{**_token(token), **_attributes(token, attributes)} for token in step.tokens]
    return {"name": step.name, "tokens": tokens}


def _token(token: AnalyzedToken) -> JsonObject:
    shown: JsonObject = {
        "token": token.term,
        "start_offset": token.start,
        "end_offset": token.end,
        "type": token.type,
        "position": token.position,
    }
    return shown if token.length == 1 else {**shown, "positionLength": token.length}


def _attributes(token: AnalyzedToken, wanted: Collection[str]) -> JsonObject:
    """What Lucene's token attributes hold besides, those of the classes that are wanted; none wanted means all."""
    octets = " ".join(f"{octet:x}" for octet in token.term.encode("utf-8", "surrogatepass"))
    known: list[tuple[str, str, Any]] = [("termtobytesrefattribute", "bytes", f"[{octets}]")]
    if token.keyword is not None:
        known.append(("keywordattribute", "keyword", token.keyword))
    known += [
        ("positionlengthattribute", "positionLength", token.length),
        ("termfrequencyattribute", "termFrequency", 1),
    ]
    return {name: value for attribute, name, value in known if not wanted or attribute in wanted}
