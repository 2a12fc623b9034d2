"""`gsub`: replaces what a regular expression matches."""

from __future__ import annotations

import re
from typing import Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.regex import java_replacement
from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.processors.base import TextProcessor
from ragstone.pipelines.processor import ProcessorServices, ingest_processors
from ragstone.pipelines.regex import compile_option


@ingest_processors.register("gsub")
class GsubProcessor(TextProcessor):
    """`replacement` may name groups: `$1`."""

    def __init__(
        self, field: str, target: str, ignore_missing: bool, pattern: re.Pattern[str], replacement: str
    ) -> None:
        super().__init__(field, target, ignore_missing)
        self.pattern = pattern
        self.replacement = replacement

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        field = config.string("field")
        target = config.target(field)
        pattern = compile_option(config, "pattern")
        return cls(
            field, target, config.boolean("ignore_missing"), pattern, java_replacement(config.string("replacement"))
        )

    def change(self, text: str) -> str:
        try:
            return self.pattern.sub(self.replacement, text)
        except (re.error, IndexError) as error:
            raise IllegalArgumentException(f"No group of that name or number: {error}") from None
