"""neural_sparse: sums of weighted words."""

from __future__ import annotations

from collections.abc import Iterable

import tantivy

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import java_text
from ragstone.dsl.queries.neural_sparse import DEFAULT_ANALYZER, HEAVIEST, FeatureSum, NeuralSparse
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.embedded.mapper.rank_features import RankFeaturesField, prefix_of, weight_of
from ragstone.engine.embedded.query.compile import Context, any_of, compiles, constant, none

_NOT_HERE = (DEFAULT_ANALYZER, "mbert-uncased")


@compiles(FeatureSum)
def feature_sum(query: FeatureSum, context: Context) -> tantivy.Query:
    return _sum(_field(query.field, context), query.tokens, query.boost, context)


@compiles(NeuralSparse)
def by_analyzer(query: NeuralSparse, context: Context) -> tantivy.Query:
    """A text that no model has read: every word that the analyzer finds has the weight 1."""
    field = _field(query.field, context)
    name = query.analyzer or DEFAULT_ANALYZER
    analyzer = context.mapper.context.analyzers.get(name)
    if analyzer is None and name in _NOT_HERE:
        raise unsupported(f"analyzer {name}")
    if analyzer is None:
        raise IllegalArgumentException(f"Analyzer [{name}] not found in shard context. ")
    words = dict.fromkeys(word for word, _ in analyzer.terms(query.query_text or ""))
    return _sum(field, [(word, 1.0) for word in words], query.boost, context)


def _field(path: str, context: Context) -> RankFeaturesField:
    field = context.field(path)
    if not isinstance(field, RankFeaturesField):
        raise IllegalArgumentException("[neural_sparse] query only works on [rank_features] fields")
    return field


def _sum(
    field: RankFeaturesField, tokens: Iterable[tuple[str, float]], boost: float, context: Context
) -> tantivy.Query:
    slot = context.slot(field.terms)
    parts: list[tuple[str, float]] = []
    for word, weight in tokens:
        if not 0 < weight <= HEAVIEST:
            raise IllegalArgumentException(f"weight must be in (0, {HEAVIEST}], got: {java_text(weight)}")
        if slot is not None:
            parts += [(term, weight * boost) for term in context.reader.terms(slot, prefix_of(word))]
    if slot is None or not parts:
        return none()
    if not context.scoring:
        return tantivy.Query.term_set_query(context.schema, slot, [term for term, _ in parts])
    return any_of([constant(context.term(slot, term), weight_of(term) * weight) for term, weight in parts])
