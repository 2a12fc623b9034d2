"""`lowercase`, `uppercase`, `trim`: texts in another shape."""

from __future__ import annotations

from ragstone.pipelines.ingest.processors.base import TextProcessor
from ragstone.pipelines.processor import ingest_processors


@ingest_processors.register("lowercase")
class LowercaseProcessor(TextProcessor):
    """Makes letters small."""

    def change(self, text: str) -> str:
        return text.lower()


@ingest_processors.register("uppercase")
class UppercaseProcessor(TextProcessor):
    """Makes letters big."""

    def change(self, text: str) -> str:
        return text.upper()


@ingest_processors.register("trim")
class TrimProcessor(TextProcessor):
    """Cuts blanks from both ends."""

    def change(self, text: str) -> str:
        return text.strip()
