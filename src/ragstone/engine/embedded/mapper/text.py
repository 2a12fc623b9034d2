"""Analysed text."""

from __future__ import annotations

from typing import Any, ClassVar

from ragstone.core.errors import IllegalArgumentException, MapperParsingException
from ragstone.core.json import Json
from ragstone.core.xcontent import java_text
from ragstone.engine.embedded.analysis.analyzer import Analyzer
from ragstone.engine.embedded.mapper.field_type import FieldType, IndexValue, field_types, no_text
from ragstone.engine.embedded.mapper.parameter import (
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


def text_of(value: Json) -> str:
    """A scalar as text: numbers and booleans as JSON writes them. Raises NoTextException for objects and arrays."""
    if value.__class__ is str:
        return str(value)
    if isinstance(value, (dict, list)):
        raise no_text(value)
    return java_text(value)


def analyzer_parameter(name: str, *, updatable: bool = False) -> Parameter:
    """The name of an analyzer, which must exist; None means that the field's (or the index's) default is used."""

    def read(value: Any, field: str, context: MappingContext) -> str:
        analyzer = java_text(value)
        if context.analyzers.get(analyzer) is None:
            raise IllegalArgumentException(f"analyzer [{analyzer}] has not been configured in mappings")
        return analyzer

    return Parameter(name, read, None, updatable=updatable, conflict=lambda value: value or "default")


class AnalyzedField(FieldType):
    """Base of fields that an analyzer cuts into terms. Index form: the whole text; the text index analyses it."""

    storage = "text"

    def __init__(self, name: str, options: Any, context: MappingContext, **more: Any) -> None:
        super().__init__(name, options, context, **more)
        analyzers = context.analyzers
        given = options.get("analyzer")
        self.analyzer: Analyzer = analyzers.required(given or analyzers.default)
        """Cuts documents."""
        search = options.get("search_analyzer") or given or analyzers.default_search
        self.search_analyzer: Analyzer = analyzers.required(search)
        """Cuts queries."""
        self.search_quote_analyzer: Analyzer = analyzers.required(options.get("search_quote_analyzer") or search)
        """Cuts phrase queries."""

    def parse(self, value: Json) -> IndexValue | None:
        if value.__class__ is str:
            return value
        return None if value is None else text_of(value)

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
        return text_of(value)


@field_types.register("text")
class TextField(AnalyzedField):
    wire_type = "text"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        INDEX,
        STORE,
        analyzer_parameter("analyzer"),
        analyzer_parameter("search_analyzer", updatable=True),
        analyzer_parameter("search_quote_analyzer", updatable=True),
        any_value("similarity"),
        whole_number("position_increment_gap", 100, at_least=0),
        flag("fielddata", False, updatable=True),
        any_value("fielddata_frequency_filter", updatable=True),
        flag("eager_global_ordinals", False, updatable=True),
        choice("index_options", "positions", "docs", "freqs", "positions", "offsets"),
        flag("norms", True, updatable=True),
        choice(
            "term_vector",
            "no",
            *("no", "yes", "with_positions", "with_offsets", "with_positions_offsets"),
            *("with_positions_payloads", "with_positions_offsets_payloads"),
        ),
        flag("index_phrases", False),
        any_value("index_prefixes"),
        boost(),
        meta(),
    )

    def __init__(self, name: str, options: Any, context: MappingContext, **more: Any) -> None:
        super().__init__(name, options, context, **more)
        self.position_increment_gap: int = self.option("position_increment_gap")
        """Positions left free between two values of one document."""
        self.has_positions: bool = self.option("index_options") in ("positions", "offsets")
        self.norms: bool = self.option("norms")


@field_types.register("match_only_text")
class MatchOnlyTextField(AnalyzedField):
    """Text without frequencies and positions: every match scores 1."""

    wire_type = "match_only_text"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        INDEX,
        STORE,
        analyzer_parameter("analyzer"),
        analyzer_parameter("search_analyzer", updatable=True),
        analyzer_parameter("search_quote_analyzer", updatable=True),
        flag("fielddata", False, updatable=True),
        flag("eager_global_ordinals", False, updatable=True),
        boost(),
        meta(),
    )

    @classmethod
    def from_mapping(cls, name: str, definition: Any, context: MappingContext) -> MatchOnlyTextField:
        for key in ("index_options", "norms"):
            if key in definition:
                leaf = name.rpartition(".")[2]
                raise MapperParsingException(
                    f"[{key}] cannot be set to {java_text(definition[key])} on field [{leaf}] of type [match_only_text]"
                )
        return super().from_mapping(name, definition, context)
