"""Texts that are found as a whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from ragstone.core.errors import JavaException, MapperParsingException
from ragstone.core.json import Json
from ragstone.core.xcontent import java_text
from ragstone.engine.embedded.mapper.field_type import FieldType, IndexValue, UnwrappedException, field_types
from ragstone.engine.embedded.mapper.parameter import (
    DOC_VALUES,
    INDEX,
    STORE,
    MappingContext,
    Parameter,
    any_value,
    boost,
    choice,
    flag,
    meta,
    whole_number,
)
from ragstone.engine.embedded.mapper.text import NORMS, SIMILARITY, text_of

MAX_TERM_BYTES = 32766
"""Lucene's longest term, in UTF-8 bytes."""


class MaxBytesLengthExceededException(JavaException):
    status = 400


def _normalizer(value: Any, field: str, context: MappingContext) -> str | None:
    if value is None:
        return None
    name = java_text(value)
    if context.analyzers.normalizer(name) is None:
        raise MapperParsingException(f"normalizer [{name}] not found for field [{field}]")
    return name


_NORMALIZER = Parameter("normalizer", _normalizer, None, nullable=True, conflict=lambda value: value or "default")


class KeywordLikeField(FieldType):
    """Base of types whose index form is one whole text."""

    storage = "keyword"

    def term(self, value: Json, *, now_millis: int = 0) -> IndexValue:
        return text_of(value)

    def bound(
        self,
        value: Json,
        *,
        round_up: bool,
        format: str | None = None,
        time_zone: str | None = None,
        now_millis: int = 0,
    ) -> IndexValue:
        return self.term(value)


@field_types.register("keyword")
class KeywordField(KeywordLikeField):
    wire_type = "keyword"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        INDEX,
        DOC_VALUES,
        STORE,
        any_value("null_value"),
        flag("eager_global_ordinals", False, updatable=True),
        whole_number("ignore_above", 2**31 - 1, updatable=True),
        choice("index_options", "docs", "docs", "freqs"),
        replace(NORMS, default=False, may_become=lambda old, new: not new),
        SIMILARITY,
        _NORMALIZER,
        flag("split_queries_on_whitespace", False, updatable=True),
        flag("use_similarity", False),
        boost(),
        meta(),
    )

    def __init__(self, name: str, options: Any, context: MappingContext, **more: Any) -> None:
        super().__init__(name, options, context, **more)
        self.use_similarity: bool = self._has("use_similarity")
        """Whether `term` scores by BM25; else all matches score 1."""
        self.ignore_above: int = self.option("ignore_above")
        null = self.option("null_value")
        self.null_value: str | None = None if null is None else java_text(null)
        normalizer = self.option("normalizer")
        self.normalizer = None if normalizer is None else context.analyzers.normalizer(normalizer)
        # `null_value` is indexed as any value is
        self.null_value = None if self.null_value is None else str(self.parse(self.null_value) or self.null_value)

    def parse(self, value: Json) -> IndexValue | None:
        if value is None:
            return self.null_value
        text = value if value.__class__ is str else text_of(value)
        if len(text) > self.ignore_above:
            return None
        if self.normalizer is not None:
            text = self.normalizer(text)
        if len(text) > MAX_TERM_BYTES // 4 and (self.indexed or self.doc_values):
            check_length(self.name, text)
        return text

    def term(self, value: Json, *, now_millis: int = 0) -> IndexValue:
        text = text_of(value)
        return self.normalizer(text) if self.normalizer is not None else text


@field_types.register("wildcard")
class WildcardField(KeywordField):
    """A keyword meant for patterns: always indexed, without doc values unless told."""

    wire_type = "wildcard"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        replace(DOC_VALUES, default=False),
        any_value("null_value"),
        whole_number("ignore_above", 2**31 - 1, updatable=True),
        _NORMALIZER,
        meta(),
    )

    def __init__(self, name: str, options: Any, context: MappingContext, **more: Any) -> None:
        super().__init__(name, options, context, **more)
        self.indexed = self.searchable = True


def check_length(field: str, text: str) -> None:
    """Raises UnwrappedException when `text` is longer than a term may be."""
    data = text.encode("utf-8", "surrogatepass")
    if len(data) <= MAX_TERM_BYTES:
        return
    prefix = ", ".join(str(byte - 256 if byte > 127 else byte) for byte in data[:30])
    cause = MaxBytesLengthExceededException(f"bytes can be at most {MAX_TERM_BYTES} in length; got {len(data)}")
    raise UnwrappedException(
        f'Document contains at least one immense term in field="{field}" (whose UTF8 encoding is longer than the max '
        f"length {MAX_TERM_BYTES}), all of which were skipped.  Please correct the analyzer to not produce such "
        f"terms.  The prefix of the first immense term is: '[{prefix}]...', original message: {cause.reason}",
        cause=cause,
    )
