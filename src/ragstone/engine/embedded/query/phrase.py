"""match_phrase and match_phrase_prefix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tantivy
from numpy.typing import NDArray

from ragstone.core.errors import IllegalStateException
from ragstone.core.xcontent import java_text
from ragstone.dsl.queries.match_phrase import MatchPhraseQuery
from ragstone.dsl.queries.match_phrase_prefix import MatchPhrasePrefixQuery
from ragstone.engine.embedded.analysis.analyzer import Analyzer
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.mapper.text import AnalyzedField, MatchOnlyTextField, TextField
from ragstone.engine.embedded.query.compile import Context, all_of, any_of, compiles, constant, none
from ragstone.engine.embedded.query.compound import best_of
from ragstone.engine.embedded.query.full_text import analysed_term, analyzer_for
from ragstone.engine.embedded.query.sloppy import sloppy_frequency
from ragstone.engine.embedded.query.term import check_searchable, exact
from ragstone.engine.embedded.text.positions import positions_of
from ragstone.engine.embedded.text.statistics import term_frequency

Phrase = Sequence[tuple[int, str]]
"""Position and term, in order."""

_SEVERAL_COMPLETIONS = 0.375
"""What a second completion in one document adds, near enough: tf(2) is about 1.375 times tf(1)."""


@compiles(MatchPhraseQuery)
def match_phrase(query: MatchPhraseQuery, context: Context) -> tantivy.Query:
    field = context.field(query.field)
    if field is None:
        return none()
    if not isinstance(field, AnalyzedField):
        return exact(field, query.query, query.boost, context)
    slot = check_searchable(field, context)
    analyzer = analyzer_for(query.analyzer, field.search_quote_analyzer, "match_phrase", context)
    phrase = _phrase(analyzer, query.query)
    if not phrase:
        return context.all(query.boost) if query.zero_terms_query == "all" else none()
    if slot is None:
        return none()
    if len(phrase) == 1:
        return analysed_term(field, phrase[0][1], query.boost, context)
    _check_positions(field)
    if query.slop:
        return _sloppy(field, slot, phrase, query.slop, query.boost, context)
    return _exact(field, slot, phrase, query.boost, context)


@compiles(MatchPhrasePrefixQuery)
def match_phrase_prefix(query: MatchPhrasePrefixQuery, context: Context) -> tantivy.Query:
    field = context.field(query.field)
    if field is None:
        return none()
    if not isinstance(field, AnalyzedField):
        return exact(field, query.query, query.boost, context)
    slot = check_searchable(field, context)
    analyzer = analyzer_for(query.analyzer, field.search_quote_analyzer, "match_phrase_prefix", context)
    phrase = _phrase(analyzer, query.query)
    if not phrase:
        return context.all(query.boost) if query.zero_terms_query == "all" else none()
    if slot is None:
        return none()
    *first, (position, begun) = phrase
    completions = context.reader.terms(slot, begun)[: max(1, query.max_expansions)]
    if not completions:
        return none()
    if not first:
        return any_of([analysed_term(field, term, query.boost, context) for term in completions])
    _check_positions(field)
    phrases = [[*first, (position, term)] for term in completions]
    if query.slop:
        return best_of(
            [_sloppy(field, slot, phrase, query.slop, query.boost, context) for phrase in phrases], _SEVERAL_COMPLETIONS
        )
    # the weight of the whole is the sum over all completions
    statistics = context.reader.statistics
    idfs = {term: statistics.idf(field.name, slot, term) for _, term in (*first, *((0, t) for t in completions))}
    begin = sum(idfs[term] for _, term in first)
    whole = begin + sum(idfs[term] for term in completions)
    return best_of(
        [
            _exact(field, slot, phrase, query.boost * whole / (begin + idfs[phrase[-1][1]]), context)
            for phrase in phrases
        ],
        _SEVERAL_COMPLETIONS,
    )


def _phrase(analyzer: Analyzer, text: object) -> list[tuple[int, str]]:
    return [(position, term) for term, position in analyzer.terms(java_text(text))]


def _check_positions(field: FieldType) -> None:
    if not isinstance(field, TextField) or not field.has_positions:
        if isinstance(field, MatchOnlyTextField):
            return
        raise IllegalStateException(f"field:[{field.name}] was indexed without position data; cannot run PhraseQuery")


def _exact(field: FieldType, slot: str, phrase: Phrase, boost: float, context: Context) -> tantivy.Query:
    start = phrase[0][0]
    found = tantivy.Query.phrase_query(context.schema, slot, [(at - start, term) for at, term in phrase])
    if isinstance(field, MatchOnlyTextField):
        return constant(found, boost)
    if not context.scoring:
        return found
    factor = context.reader.statistics.factor(field.name, slot, [term for _, term in phrase])
    return tantivy.Query.boost_query(found, boost * factor)


def _sloppy(
    field: AnalyzedField, slot: str, phrase: Phrase, slop: int, boost: float, context: Context
) -> tantivy.Query:
    """Lucene counts a sloppy match as 1 / (1 + how far it is off), which tantivy does not.

    So the documents with all terms are read and scored here. The cost grows with their number.
    """
    reader, statistics = context.reader, context.reader.statistics
    candidates = all_of([context.term(slot, term) for term in dict.fromkeys(term for _, term in phrase)])
    rows = reader.matching_rows(candidates).tolist()
    if not rows:
        return none()
    weight = boost * sum(statistics.idf(field.name, slot, term) for _, term in phrase)
    address = reader.best(candidates, 1, count=False)[0][0][1]
    average = statistics.average_length(slot, phrase[0][1], address)
    scores = []
    for values in context.values(field, rows):
        positions, length = positions_of(field, values)
        frequency = sloppy_frequency([(at, positions.get(term, ())) for at, term in phrase], slop)
        scores.append(weight * term_frequency(frequency, length, average) if frequency else 0.0)
    kept = np.array(scores, np.float32)
    matched: NDArray[np.bool_] = kept > 0
    return context.scored_rows(np.array(rows, np.int64)[matched], kept[matched])
