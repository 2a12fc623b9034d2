"""fuzzy: terms a few edits away, the near ones worth more."""

from __future__ import annotations

from collections.abc import Iterable

import tantivy

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import java_text
from ragstone.dsl.queries.fuzzy import FuzzyQuery
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.embedded.mapper.field_type import FieldType, IndexValue
from ragstone.engine.embedded.mapper.metadata import IdField
from ragstone.engine.embedded.mapper.text import AnalyzedField
from ragstone.engine.embedded.query.compile import Context, any_of, but_not, compiles, constant, none
from ragstone.engine.embedded.text.statistics import K1, idf

_SAMPLE = 16
"""Documents looked into at a time."""


@compiles(FuzzyQuery)
def fuzzy(query: FuzzyQuery, context: Context) -> tantivy.Query:
    if query.rewrite is not None and not query.rewrite.startswith("top_terms_blended_freqs"):
        raise unsupported(f"rewrite {query.rewrite}")
    field = context.field(query.field)
    if field is None:
        return none()
    if field.storage not in ("text", "keyword") or isinstance(field, IdField):
        raise IllegalArgumentException(
            f"Can only use fuzzy queries on keyword and text fields - not on [{query.field}] which is of type "
            f"[{field.wire_type}]"
        )
    text = java_text(query.value)
    return near(
        field,
        text,
        query.fuzziness.distance(text),
        context,
        boost=query.boost,
        prefix_length=query.prefix_length,
        max_expansions=query.max_expansions,
        transpositions=query.transpositions,
    )


def near(
    field: FieldType,
    term: str,
    distance: int,
    context: Context,
    *,
    boost: float,
    prefix_length: int,
    max_expansions: int,
    transpositions: bool,
) -> tantivy.Query:
    """Documents with a term at most `distance` edits from `term`.

    Each of the `max_expansions` nearest terms is scored by BM25 times 1 - edits / length of the shorter term, with the
    document frequency of the commonest of them.
    """
    slot = context.slot(field)
    if slot is None:
        return none()
    if distance == 0 or prefix_length >= len(term):
        found = [(term, 1.0)] if context.frequency(slot, term) else []
    else:
        terms = _terms_near(field, slot, term, distance, prefix_length, transpositions, max_expansions, context)
        similar = {other: 1 - edits / min(len(term), len(other)) if edits else 1.0 for other, edits in terms.items()}
        found = sorted(similar.items(), key=lambda entry: (-entry[1], entry[0]))[:max_expansions]
    if not found:
        return none()
    frequency = max(context.frequency(slot, other) for other, _ in found)
    if field.storage == "text":
        return any_of([context.bm25(field.name, slot, other, boost * part, frequency) for other, part in found])
    weight = boost * idf(context.reader.count(context.reader.present(slot)), frequency) / (1 + K1)
    return any_of([constant(context.term(slot, other), weight * part) for other, part in found])


def _terms_near(
    field: FieldType,
    slot: str,
    term: str,
    distance: int,
    prefix_length: int,
    transpositions: bool,
    enough: int,
    context: Context,
) -> dict[str, int]:
    """Terms of the index within `distance` edits, and their edits.

    tantivy tells documents, not terms. So terms are read from matching documents, and the search goes on among the
    documents that have none of them, until there are none. `Differs:` a term that only occurs beside others of the
    kind, and in none of the documents read, stays unknown.
    """
    everything = tantivy.Query.fuzzy_term_query(context.schema, slot, term, distance, transpositions, False)
    seen: dict[str, int] = {}
    while len(seen) < 4 * enough:
        query = everything
        if seen:
            query = but_not(everything, tantivy.Query.term_set_query(context.schema, slot, list(seen)))
        hits, _ = context.reader.best(query, _SAMPLE, count=False)
        known = len(seen)
        for values in context.values(field, context.reader.rows([address for _, address in hits])):
            for other in _terms(field, values):
                if other not in seen and abs(len(other) - len(term)) <= distance:
                    edits = edit_distance(term, other, transpositions)
                    if edits <= distance:
                        seen[other] = edits
        if len(seen) == known:
            break
    return {text: edits for text, edits in seen.items() if text[:prefix_length] == term[:prefix_length]}


def _terms(field: FieldType, values: Iterable[IndexValue]) -> Iterable[str]:
    if not isinstance(field, AnalyzedField):
        return map(str, values)
    return (term for value in values for term, _ in field.analyzer.terms(str(value)))


def edit_distance(one: str, other: str, transpositions: bool) -> int:
    """Insertions, deletions, replacements and, if wanted, swaps of neighbours that turn one text into the other."""
    before: list[int] = []
    above = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
            if transpositions and i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, above = above, row
    return above[-1]
