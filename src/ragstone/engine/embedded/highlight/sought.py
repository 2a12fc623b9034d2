"""What a query looks for in texts: words, words of some looks, and phrases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ragstone.core.errors import OpenSearchException
from ragstone.core.linear_regex import LinearPattern, UnsupportedPattern
from ragstone.core.xcontent import java_text
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.queries.boosting import BoostingQuery
from ragstone.dsl.queries.constant_score import ConstantScoreQuery
from ragstone.dsl.queries.dis_max import DisMaxQuery
from ragstone.dsl.queries.fuzzy import FuzzyQuery
from ragstone.dsl.queries.hybrid import HybridQuery
from ragstone.dsl.queries.match import MatchQuery
from ragstone.dsl.queries.match_bool_prefix import MatchBoolPrefixQuery
from ragstone.dsl.queries.match_phrase import MatchPhraseQuery
from ragstone.dsl.queries.match_phrase_prefix import MatchPhrasePrefixQuery
from ragstone.dsl.queries.multi_match import MultiMatchQuery
from ragstone.dsl.queries.prefix import PrefixQuery
from ragstone.dsl.queries.query_string import QueryStringQuery
from ragstone.dsl.queries.range import RangeQuery
from ragstone.dsl.queries.regexp import RegexpQuery
from ragstone.dsl.queries.simple_query_string import SimpleQueryStringQuery
from ragstone.dsl.queries.term import TermQuery
from ragstone.dsl.queries.terms import TermsQuery
from ragstone.dsl.queries.wildcard import WildcardQuery
from ragstone.dsl.query import Query
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.mapper.text import AnalyzedField
from ragstone.engine.embedded.query.compile import Context
from ragstone.engine.embedded.query.full_text import analyzer_for
from ragstone.engine.embedded.query.fuzzy import edit_distance
from ragstone.engine.embedded.query.multi_match import each_field
from ragstone.engine.embedded.query.multi_term import normal
from ragstone.engine.embedded.query.query_string import leaves

Test = Callable[[str], bool]


@dataclass(frozen=True)
class Sought:
    """One word, or several at certain positions. Of one with a `test` any term counts that passes it."""

    path: str
    terms: tuple[tuple[int, str], ...]
    """(position, term); the last one is only a label where there is a `test`."""
    test: Test | None = None
    """For the last term."""
    slop: int = 0

    @property
    def is_phrase(self) -> bool:
        return len(self.terms) > 1

    def takes(self, number: int, term: str) -> bool:
        """Whether a term of a text is the one at a place of `terms`."""
        if self.test is not None and number == len(self.terms) - 1:
            return self.test(term)
        return term == self.terms[number][1]


def sought(query: Query, context: Context) -> list[Sought]:
    """What hits are marked for; nothing of what they must not have. Raises what compiling the query would."""
    return list(_walk(query, context))


def _walk(query: Query, context: Context) -> Iterator[Sought]:
    match query:
        case BoolQuery():
            yield from _each((*query.must, *query.should, *query.filter), context)
        case ConstantScoreQuery():
            yield from _walk(query.filter, context)
        case DisMaxQuery() | HybridQuery():
            yield from _each(query.queries, context)
        case BoostingQuery():
            yield from _each((query.positive, query.negative), context)
        case MultiMatchQuery():
            yield from _leniently(each_field(query, context), context)
        case QueryStringQuery() | SimpleQueryStringQuery():
            yield from _leniently(leaves(query, context), context)
        case (
            MatchQuery()
            | MatchBoolPrefixQuery()
            | MatchPhraseQuery()
            | MatchPhrasePrefixQuery()
            | TermQuery()
            | TermsQuery()
            | PrefixQuery()
            | WildcardQuery()
            | RegexpQuery()
            | FuzzyQuery()
            | RangeQuery()
        ):
            field = context.field(query.field)
            if field is not None and field.storage in ("text", "keyword") and field.name[:1] != "_":
                yield from _in_field(query, field, context)


def _each(queries: tuple[Query, ...], context: Context) -> Iterator[Sought]:
    for query in queries:
        yield from _walk(query, context)


def _leniently(queries: list[Query], context: Context) -> Iterator[Sought]:
    """Of queries that were made of one text for several fields, not all of which it need fit."""
    for query in queries:
        try:
            yield from list(_walk(query, context))
        except OpenSearchException:
            continue


def _in_field(query: Any, field: FieldType, context: Context) -> Iterator[Sought]:
    path = field.name
    match query:
        case TermQuery():
            term = str(field.term(query.value, now_millis=context.now_millis))
            same = term.lower()
            yield _word(path, term, (lambda other: other.lower() == same) if query.case_insensitive else None)
        case TermsQuery():
            # One for all: in scores they count as one word.
            terms = frozenset(str(field.term(value, now_millis=context.now_millis)) for value in query.values)
            yield _word(path, " ".join(sorted(terms)), lambda other: other in terms)
        case MatchQuery() | MatchBoolPrefixQuery():
            yield from _match(query, field, context)
        case MatchPhraseQuery() | MatchPhrasePrefixQuery():
            yield from _phrase(query, field, context)
        case PrefixQuery():
            yield _word(path, f"{query.value}*", _begins(normal(query.value, field), query.case_insensitive))
        case WildcardQuery():
            yield _word(path, query.value, _wildcard(normal(query.value, field), query.case_insensitive))
        case RegexpQuery():
            yield _word(path, f"/{query.value}/", _regexp(query))
        case FuzzyQuery():
            text = java_text(query.value)
            distance = query.fuzziness.distance(text)
            yield _word(path, f"{text}~", _near(text, distance, query.prefix_length, query.transpositions))
        case RangeQuery():
            yield _word(path, "range", _between(query, field))


def _word(path: str, term: str, test: Test | None = None) -> Sought:
    return Sought(path, ((0, term),), test)


def _match(query: MatchQuery | MatchBoolPrefixQuery, field: FieldType, context: Context) -> Iterator[Sought]:
    kind = query.wire_name
    if not isinstance(field, AnalyzedField):
        yield _word(field.name, str(field.term(query.query, now_millis=context.now_millis)))
        return
    terms = analyzer_for(query.analyzer, field.search_analyzer, kind, context).terms(java_text(query.query))
    for number, (term, _) in enumerate(terms):
        if isinstance(query, MatchBoolPrefixQuery) and number == len(terms) - 1:
            yield _word(field.name, f"{term}*", _begins(term, ignoring_case=False))
        elif query.fuzziness is not None and (distance := query.fuzziness.distance(term)):
            yield _word(field.name, f"{term}~", _near(term, distance, query.prefix_length, query.fuzzy_transpositions))
        else:
            yield _word(field.name, term)


def _phrase(query: MatchPhraseQuery | MatchPhrasePrefixQuery, field: FieldType, context: Context) -> Iterator[Sought]:
    if not isinstance(field, AnalyzedField):
        yield _word(field.name, str(field.term(query.query, now_millis=context.now_millis)))
        return
    analyzer = analyzer_for(query.analyzer, field.search_quote_analyzer, query.wire_name, context)
    terms = [(position, term) for term, position in analyzer.terms(java_text(query.query))]
    if terms:
        begun = isinstance(query, MatchPhrasePrefixQuery)
        test = _begins(terms[-1][1], ignoring_case=False) if begun else None
        yield Sought(field.name, tuple(terms), test, query.slop)


# ── looks ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _begins(prefix: str, ignoring_case: bool) -> Test:
    if ignoring_case:
        prefix = prefix.lower()
        return lambda term: term.lower().startswith(prefix)
    return lambda term: term.startswith(prefix)


def _wildcard(pattern: str, ignoring_case: bool) -> Test:
    parts = list(_parts(pattern.lower() if ignoring_case else pattern))
    return lambda term: _glob(parts, term.lower() if ignoring_case else term)


def _parts(pattern: str) -> Iterator[str | None]:
    """Characters as they are; the empty text for any one, None for any text."""
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            yield next(characters, "\\")
        else:
            yield None if character == "*" else "" if character == "?" else character


def _glob(parts: list[str | None], text: str) -> bool:
    """Going back only to the last `*`, so that no pattern takes longer than its length times that of the text."""
    at = place = 0
    star, resume = -1, 0
    while at < len(text):
        part = parts[place] if place < len(parts) else text[at] + "\0"
        if part is None:
            star, resume = place, at
            place += 1
        elif part in ("", text[at]):
            at += 1
            place += 1
        elif star >= 0:
            resume += 1
            at, place = resume, star + 1
        else:
            return False
    return all(part is None for part in parts[place:])


def _regexp(query: RegexpQuery) -> Test:
    value = query.value.lower() if query.case_insensitive else query.value
    try:
        if set('"@#<~&') & set(value):
            raise UnsupportedPattern
        pattern = LinearPattern(value)
    except UnsupportedPattern:
        raise unsupported(f"highlight of the regexp {query.value}") from None
    return lambda term: pattern.fullmatch(term.lower() if query.case_insensitive else term)


def _near(text: str, distance: int, prefix_length: int, transpositions: bool) -> Test:
    beginning = text[:prefix_length]

    def near(term: str) -> bool:
        if abs(len(term) - len(text)) > distance or not term.startswith(beginning):
            return False
        return edit_distance(text, term, transpositions) <= distance

    return near


def _between(query: RangeQuery, field: FieldType) -> Test:
    low = None if query.low is None else str(field.bound(query.low, round_up=not query.include_low))
    high = None if query.high is None else str(field.bound(query.high, round_up=query.include_high))

    def inside(term: str) -> bool:
        above = low is None or term > low or (query.include_low and term == low)
        return above and (high is None or term < high or (query.include_high and term == high))

    return inside


__all__ = ["Sought", "sought"]
