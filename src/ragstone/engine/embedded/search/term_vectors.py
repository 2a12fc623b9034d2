"""The terms that a document consists of. They are not kept: the source is analysed again."""

from __future__ import annotations

from collections.abc import Iterator

from ragstone.core.errors import IllegalArgumentException
from ragstone.dsl.analyze import AnalyzeRequest
from ragstone.dsl.term_vectors import TermVectorsRequest
from ragstone.engine.embedded.analysis.analyze import analyze
from ragstone.engine.embedded.index_analysis import chosen
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.mapper.keyword import KeywordField
from ragstone.engine.embedded.mapper.text import TextField
from ragstone.engine.embedded.query.compile import Context
from ragstone.engine.embedded.snapshot import Snapshot
from ragstone.engine.values import AnalyzedToken, FieldStatistics, GetResult, TermVector, TermVectors, VectorTerm

_MOST_DOCUMENTS = 10_000
"""The frequency of a term in all documents is counted one by one; of commoner ones it is refused."""
_NO_LIMIT = 2**31


def term_vectors(snapshot: Snapshot, document: GetResult, request: TermVectorsRequest) -> TermVectors:
    """What `document` consists of; counts are those of the snapshot. Blocking.

    Raises IllegalArgumentException for frequencies of terms that are too common.
    """
    if not document.found:
        return TermVectors(0, {})
    values = snapshot.mapper.parse_document(document.id, document.source or b"{}").values
    fields = {field.name: field for field in _fields(snapshot, request) if values.get(field.name)}
    told = {
        name: _vector(snapshot, field, [str(value) for value in values[name]], request)
        for name, field in sorted(fields.items())
    }
    return TermVectors(document.version, told)


def _fields(snapshot: Snapshot, request: TermVectorsRequest) -> Iterator[FieldType]:
    if not request.fields:
        for field in snapshot.mapper.fields().values():
            if isinstance(field, TextField) and field.option("term_vector") != "no":
                yield field
    for pattern in request.fields:
        for name in snapshot.mapper.matching(pattern):
            found = snapshot.mapper.field(name)
            if isinstance(found, (TextField, KeywordField)) and found.indexed:
                yield found


def _vector(snapshot: Snapshot, field: FieldType, texts: list[str], request: TermVectorsRequest) -> TermVector:
    asked = AnalyzeRequest(texts, field=field.name)
    analyzer, gap = chosen(asked, snapshot.mapper)
    tokens: dict[str, list[AnalyzedToken]] = {}
    for token in analyze(asked, analyzer, gap=gap, limit=_NO_LIMIT).steps[-1].tokens:
        tokens.setdefault(token.term, []).append(token)
    slot = snapshot.text.slot(field.column)
    # Counts over documents that somebody may not see would tell of them.
    counted = slot is not None and (snapshot.view is None or snapshot.view.documents is None)
    each = counted and request.term_statistics
    terms = [
        VectorTerm(term, found, *(_frequencies(snapshot, slot or "", term) if each else ()))
        for term, found in sorted(tokens.items())
    ]
    told = counted and request.field_statistics
    return TermVector(terms, _statistics(snapshot, field, slot or "") if told else None)


def _statistics(snapshot: Snapshot, field: FieldType, slot: str) -> FieldStatistics:
    reader = snapshot.text
    frequencies = reader.document_frequencies(slot)
    if field.storage == "keyword":
        return FieldStatistics(reader.count(reader.present(slot)), frequencies, frequencies)
    every = reader.total_terms(slot, reader.commonest_term(slot)) or 0.0
    total = round(every) - reader.filler().get(slot, 0)
    return FieldStatistics(reader.statistics.documents_with(field.name), frequencies, total)


def _frequencies(snapshot: Snapshot, slot: str, term: str) -> tuple[int, int]:
    """In how many documents, and how often in all of them."""
    reader = snapshot.text
    query = Context(snapshot, 0).term(slot, term)
    hits, found = reader.best(query, _MOST_DOCUMENTS)
    if found > _MOST_DOCUMENTS:
        raise IllegalArgumentException(
            f"[term_statistics] of [{term}], which is in more than {_MOST_DOCUMENTS} documents, is not supported by "
            "Ragstone yet"
        )
    return found, sum(int(reader.statistics.measured(query, address).get("freq", 1)) for _, address in hits)
