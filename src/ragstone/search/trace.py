"""`verbose_pipeline`: what each processor of a search pipeline was given, and made of it."""

from __future__ import annotations

from typing import Any

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.search_body import SearchBody
from ragstone.pipelines.processor import SearchResponse
from ragstone.search.render import render_hits


class VerboseTrace:
    """What `verbose_pipeline` shows of each processor."""

    def __init__(self, body: SearchBody) -> None:
        self._body = body
        self.entries: list[JsonObject] = []

    def body(self, body: SearchBody) -> Any:
        self._body = body
        return body.to_json()

    def hits(self, response: SearchResponse) -> Any:
        return render_hits(self._body, response)

    def add(self, entry: JsonObject) -> None:
        self.entries.append(entry)
