"""Analysed text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

from ragstone.core.errors import IllegalArgumentException, MapperParsingException
from ragstone.core.json import Json, JsonObject
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
    read_int,
    whole_number,
)
from ragstone.engine.embedded.mapper.similarity import check_similarity


def text_of(value: Json) -> str:
    """A scalar as text: numbers and booleans as JSON writes them. Raises NoTextException for objects and arrays."""
    if value.__class__ is str:
        return str(value)
    if isinstance(value, (dict, list)):
        raise no_text(value)
    return repr(value) if isinstance(value, float) else java_text(value)


def analyzer_parameter(name: str, *, updatable: bool = False) -> Parameter:
    """The name of an analyzer, which must exist; None means that the field's (or the index's) default is used."""

    def read(value: Any, field: str, context: MappingContext) -> str | None:
        analyzer = java_text(value)
        if context.analyzers.get(analyzer) is None:
            raise IllegalArgumentException(f"analyzer [{analyzer}] has not been configured in mappings")
        return None if name == "analyzer" and analyzer == "default" else analyzer

    return Parameter(name, read, None, updatable=updatable, conflict=lambda value: value or "default")


class AnalyzedField(FieldType):
    """Base of fields that an analyzer cuts into terms. Index form: the whole text; the text index analyses it."""

    storage = "text"

    def __init__(self, name: str, options: Any, context: MappingContext, **more: Any) -> None:
        super().__init__(name, options, context, **more)
        analyzers = context.analyzers
        given = options.get("analyzer")
        self.analyzer: Analyzer = analyzers.required(given or "default")
        """Cuts documents."""
        search = options.get("search_analyzer") or given or analyzers.default_search
        self.search_analyzer: Analyzer = analyzers.required(search)
        """Cuts queries."""
        self.search_quote_analyzer: Analyzer = analyzers.required(options.get("search_quote_analyzer") or search)
        """Cuts phrase queries."""
        self.counts_terms: bool = options.get("index_options") != "docs"
        """False: a term counts once, however often it stands in a document."""

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


def _similarity(value: Any, field: str, context: MappingContext) -> str | None:
    if value is None:
        return None
    name = java_text(value)
    check_similarity(name, context.settings.flat, field)
    return name


def _prefixes(value: Any, field: str, context: MappingContext) -> dict[str, int] | None:
    """`index_prefixes`: lengths of the prefixes that are indexed beside the terms."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise MapperParsingException(f"[index_prefixes] must be an object, got [{java_text(value)}]")
    rest = dict(value)
    low, high = read_int(rest.pop("min_chars", 2)), read_int(rest.pop("max_chars", 5))
    if rest:
        raise MapperParsingException(f"Unknown parameters for [index_prefixes] on field [{field}]: {sorted(rest)}")
    if low > high:
        raise IllegalArgumentException(f"min_chars [{low}] must be less than max_chars [{high}]")
    if low < 1:
        raise IllegalArgumentException(f"min_chars [{low}] must be greater than zero")
    if high >= 20:
        raise IllegalArgumentException(f"max_chars [{high}] must be less than 20")
    return {"min_chars": low, "max_chars": high}


SIMILARITY = Parameter("similarity", _similarity, None, nullable=True)
NORMS = flag("norms")
"""Norms can be given up, but not had back."""
_ANALYZERS = (
    analyzer_parameter("analyzer"),
    analyzer_parameter("search_analyzer", updatable=True),
    analyzer_parameter("search_quote_analyzer", updatable=True),
)


@field_types.register("text")
class TextField(AnalyzedField):
    wire_type = "text"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        INDEX,
        STORE,
        choice("index_options", "positions", "positions", "docs", "freqs", "offsets"),
        replace(NORMS, may_become=lambda old, new: not new),
        choice(
            "term_vector",
            "no",
            *("no", "yes", "with_positions", "with_offsets", "with_positions_offsets"),
            *("with_positions_payloads", "with_positions_offsets_payloads"),
        ),
        *_ANALYZERS,
        SIMILARITY,
        replace(whole_number("position_increment_gap", 100), explicit=True),
        flag("fielddata", False, updatable=True),
        any_value("fielddata_frequency_filter", updatable=True),
        flag("eager_global_ordinals", False, updatable=True),
        flag("index_phrases", False),
        Parameter("index_prefixes", _prefixes, None, nullable=True),
        boost(),
        meta(),
    )

    def __init__(self, name: str, options: Any, context: MappingContext, **more: Any) -> None:
        # -1 says the same as saying nothing
        options = {k: v for k, v in options.items() if (k, v) != ("position_increment_gap", -1)}
        super().__init__(name, options, context, **more)
        self.position_increment_gap: int = self.option("position_increment_gap")
        """Positions left free between two values of one document."""
        self.has_positions: bool = self.option("index_options") in ("positions", "offsets")
        self.norms: bool = self.option("norms")
        self.similarity: str | None = self.option("similarity")
        for extra in ("index_phrases", "index_prefixes"):
            if self.option(extra) and not self.indexed:
                raise IllegalArgumentException(f"Cannot set {extra} on unindexed field [{name.rpartition('.')[2]}]")

    def to_json(self, *, include_defaults: bool = False) -> JsonObject:
        shown = super().to_json(include_defaults=include_defaults)
        own = self.options.get("analyzer") or "default"
        if shown.get("search_analyzer") == own:
            del shown["search_analyzer"]
        if "search_analyzer" in shown:
            shown["analyzer"] = own
        return shown


@field_types.register("match_only_text")
class MatchOnlyTextField(AnalyzedField):
    """Text without frequencies and positions: every match scores 1."""

    wire_type = "match_only_text"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        INDEX,
        STORE,
        *_ANALYZERS,
        flag("fielddata", False, updatable=True),
        flag("eager_global_ordinals", False, updatable=True),
        boost(),
        meta(),
    )
    has_positions: ClassVar[bool] = False

    @classmethod
    def from_mapping(cls, name: str, definition: JsonObject, context: MappingContext) -> Self:
        # what it never has may be said, and is not shown
        return super().from_mapping(name, {k: v for k, v in definition.items() if k != "norms"}, context)
