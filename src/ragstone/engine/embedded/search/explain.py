"""How one document comes by its score, in Lucene's words.

BM25, bool and dis_max are taken apart as Lucene does it. Other queries are told as a whole: their value is the score
that a search gives, their description the query. `Differs:` a document's number is its place in the order of arrival,
where Lucene counts within a segment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import tantivy

from ragstone.dsl.query import Query
from ragstone.engine.embedded.query.compile import Context, all_of, compile_query, constant, ranker_of, shard_errors
from ragstone.engine.embedded.query.lucene import (
    Best,
    Boolean,
    Constant,
    Everything,
    Flag,
    Node,
    Nothing,
    Occur,
    Opaque,
    Phrase,
    Term,
    disjunction,
    lucene,
    text,
)
from ragstone.engine.embedded.search.by_score import shortest
from ragstone.engine.embedded.snapshot import Snapshot
from ragstone.engine.embedded.text.schema import ROW
from ragstone.engine.embedded.text.statistics import K1, B, idf
from ragstone.engine.values import Explained, Explanation, GetResult

_EXACT_LENGTH = 40
"""Lengths from here on are kept roughly."""


def describe(snapshot: Snapshot, query: Query, now_millis: int) -> str:
    """The query as this index understands it. Blocking. Raises QueryShardException and its like."""
    compile_query(query, snapshot, now_millis)
    context = Context(snapshot, now_millis)
    with shard_errors(context):
        return text(lucene(query, context))


def explain(snapshot: Snapshot, id: str, query: Query, now_millis: int) -> Explained | None:
    """What the query makes of a document; None when the snapshot has it not, or does not show it. Blocking.

    Raises QueryShardException and its like.
    """
    document = visible(snapshot, id)
    row = snapshot.row_of(id)
    if row is None or not document.found:
        compile_query(query, snapshot, now_millis)  # what is wrong with it is told first
        return None
    return Explained(document, explanations(snapshot, [row], query, now_millis)[row])


def visible(snapshot: Snapshot, id: str) -> GetResult:
    """A document as the snapshot shows it, if it does. Blocking."""
    row = snapshot.row_of(id)
    if row is None or not snapshot.text.count(snapshot.text.having(ROW, row)):
        return GetResult(id, found=False)
    [stored] = snapshot.rows([row])
    return GetResult(id, True, stored.source, stored.version, stored.seq_no, stored.primary_term, stored.routing)


def explanations(snapshot: Snapshot, rows: Sequence[int], query: Query, now_millis: int) -> dict[int, Explanation]:
    """What the query makes of each of `rows`. Blocking. Raises QueryShardException and its like."""
    context = Context(snapshot, now_millis)
    compiled = compile_query(query, snapshot, now_millis)
    ranker = ranker_of(query)
    with shard_errors(context):
        if ranker is not None:
            ranked, scores = ranker(query, context)
            by_row = dict(zip(ranked.tolist(), scores.tolist(), strict=True))
            return {row: _in_top(by_row.get(row), len(by_row)) for row in rows}
        tree = lucene(query, context)
        return {row: _Explainer(context, row).whole(tree, compiled) for row in rows}


def _in_top(score: float | None, count: int) -> Explanation:
    """For a query that ranks its documents itself."""
    if score is None:
        return Explanation(0.0, f"not in top {count} docs", matched=False)
    return Explanation(_short(score), f"within top {count} docs")


@dataclass(frozen=True)
class _Explainer:
    """Explains parts of one query for one document. `boost` of a method is what the nodes around multiply by."""

    context: Context
    row: int

    def whole(self, tree: Node, compiled: tantivy.Query) -> Explanation:
        found, score = self.node(tree, 1.0), self._score(compiled)
        # What a search gives is what counts, to the last digit.
        return found if score is None or not found.matched else replace(found, value=score)

    def node(self, node: Node, boost: float) -> Explanation:
        boost *= node.boost
        match node:
            case Everything():
                return Explanation(boost, "*:*" if boost == 1.0 else f"*:*^{boost}")
            case Nothing():
                return Explanation(0.0, node.why, matched=False)
            case Term():
                return self._term(node, boost)
            case Flag():
                return self._flag(node, boost)
            case Phrase():
                return self._phrase(node, boost)
            case Boolean():
                return self._boolean(node, boost)
            case Best():
                return self._best(node, boost)
            case Constant():
                written = text(replace(node, boost=1.0))
                if not self._matches(node.query):
                    return self._no_match(written)
                return Explanation(boost, written if boost == 1.0 else f"{written}^{boost}")
            case Opaque():
                return self._opaque(node, boost)
        raise TypeError(f"{type(node).__name__} is not explained")

    # ── one term, one phrase ─────────────────────────────────────────────────────────────────────────────────────────

    def _term(self, node: Term, boost: float) -> Explanation:
        reader, slot = self.context.reader, self.context.reader.slot(node.field)
        if slot is None:
            return Explanation(0.0, "no matching term", matched=False)
        query = self.context.term(slot, node.term)
        address = reader.address(self.row, query)
        if address is None:
            return Explanation(0.0, "no matching term", matched=False)
        measured = reader.statistics.measured(query, address)
        counts = self._idf(node.field, slot, node.term)
        return self._weight(
            f"{node.field}:{node.term}", boost, counts, measured, "freq, occurrences of term within document"
        )

    def _phrase(self, node: Phrase, boost: float) -> Explanation:
        reader, slot = self.context.reader, self.context.reader.slot(node.field)
        compiled = replace(self.context, scoring=False).compile(node.query)
        address = None if slot is None else reader.address(self.row, compiled)
        if slot is None or address is None:
            return Explanation(0.0, "no matching phrase", matched=False)
        measured = reader.statistics.measured(compiled, address)
        each = tuple(self._idf(node.field, slot, term) for term in node.terms)
        total = Explanation(_short(sum(one.value for one in each)), "idf, sum of:", each)
        return self._weight(text(replace(node, boost=1.0)), boost, total, measured, f"phraseFreq={measured['freq']}")

    def _flag(self, node: Flag, boost: float) -> Explanation:
        """A value is a text of one term."""
        reader, slot = self.context.reader, self.context.reader.slot(node.field)
        written = text(replace(node, boost=1.0))
        if slot is None or reader.address(self.row, reader.having(slot, node.value)) is None:
            return Explanation(0.0, "no matching term", matched=False)
        present = reader.count(reader.present(slot))
        counts = _counted(self.context.frequency(slot, node.value), present)
        measured = {"freq": 1.0, "dl": 1.0, "avgdl": 1.0}
        return self._weight(written, boost, counts, measured, "freq, occurrences of term within document")

    def _idf(self, path: str, slot: str, term: str) -> Explanation:
        statistics = self.context.reader.statistics
        return _counted(statistics.frequency(slot, term), statistics.documents_with(path))

    def _weight(
        self, written: str, boost: float, idf: Explanation, measured: dict[str, float], frequency: str
    ) -> Explanation:
        freq, length, average = measured["freq"], measured["dl"], measured["avgdl"]
        tf = freq / (freq + K1 * (1 - B + B * length / average))
        approximate = " (approximate)" if length >= _EXACT_LENGTH else ""
        parts = (
            Explanation(freq, frequency),
            Explanation(K1, "k1, term saturation parameter"),
            Explanation(B, "b, length normalization parameter"),
            Explanation(length, f"dl, length of field{approximate}"),
            Explanation(average, "avgdl, average length of field"),
        )
        formula = "tf, computed as freq / (freq + k1 * (1 - b + b * dl / avgdl)) from:"
        factors = (Explanation(boost, "boost"),) if boost != 1.0 else ()
        value = _short(boost * idf.value * tf)
        score = Explanation(
            value,
            f"score(freq={freq}), computed as boost * idf * tf from:",
            (*factors, idf, Explanation(_short(tf), formula, parts)),
        )
        return Explanation(value, f"weight({written} in {self.row - 1}) [PerFieldSimilarity], result of:", (score,))

    # ── several ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _boolean(self, node: Boolean, boost: float) -> Explanation:
        clauses, minimum = _rewritten(node)
        if len(clauses) == 1 and minimum <= 1:
            [(occur, only)] = clauses
            if occur in ("", "+"):
                return self.node(only, boost)
            if occur == "#":
                return self._filtered(only)
        details: list[Explanation] = []
        failed, matches, optional, score = False, 0, 0, 0.0
        for occur, part in clauses:
            scoring = occur in ("", "+")
            found = self.node(part, boost) if scoring else self._unscored(part)
            if found.matched:
                if scoring:
                    details.append(found)
                    score += found.value
                elif occur == "#":
                    zero = Explanation(0.0, "# clause")
                    details.append(Explanation(0.0, "match on required clause, product of:", (zero, found)))
                else:
                    reason = f"match on prohibited clause ({text(part, bare=True)})"
                    details.append(Explanation(0.0, reason, (found,), matched=False))
                    failed = True
                matches += occur != "-"
                optional += occur == ""
            elif occur in ("+", "#"):
                reason = f"no match on required clause ({text(part, bare=True)})"
                details.append(Explanation(0.0, reason, (found,), matched=False))
                failed = True
        if failed:
            reason = "Failure to meet condition(s) of required/prohibited clause(s)"
        elif not matches:
            reason = "No matching clauses"
        elif optional < minimum:
            reason = f"Failure to match minimum number of optional clauses: {minimum}"
        else:
            return Explanation(_short(score), "sum of:", tuple(details))
        return Explanation(0.0, reason, tuple(details), matched=False)

    def _filtered(self, node: Node) -> Explanation:
        """A filter alone matches and scores nothing."""
        found = self._unscored(node)
        if not found.matched:
            return found
        return Explanation(0.0, f"ConstantScore({text(node, bare=True)})^0.0")

    def _unscored(self, node: Node) -> Explanation:
        found = self.node(node, 1.0)
        return Explanation(1.0, text(node, bare=True)) if found.matched else found

    def _best(self, node: Best, boost: float) -> Explanation:
        found = [one for part in node.parts if (one := self.node(part, boost)).matched]
        if not found:
            return Explanation(0.0, "No matching clause", matched=False)
        best = max(one.value for one in found)
        value = best + node.tie_breaker * (sum(one.value for one in found) - best)
        how = f"max plus {node.tie_breaker} times others of:" if node.tie_breaker else "max of:"
        return Explanation(_short(value), how, tuple(found))

    # ── whole queries ────────────────────────────────────────────────────────────────────────────────────────────────

    def _opaque(self, node: Opaque, boost: float) -> Explanation:
        score = self._score(self.context.compile(replace(node.query, boost=boost)))
        written = text(replace(node, boost=1.0))
        return self._no_match(written) if score is None else Explanation(score, written)

    def _score(self, compiled: tantivy.Query) -> float | None:
        only = constant(self.context.reader.having(ROW, self.row), 0.0)
        hits, _ = self.context.reader.best(all_of([compiled, only]), 1, count=False)
        return _short(hits[0][0]) if hits else None

    def _matches(self, query: Query) -> bool:
        return self.context.reader.address(self.row, self.context.filter(query)) is not None

    def _no_match(self, written: str) -> Explanation:
        return Explanation(0.0, f"{written} doesn't match id {self.row - 1}", matched=False)


def _rewritten(node: Boolean) -> tuple[Sequence[tuple[Occur, Node]], int]:
    """A must that is a choice, beside filters only, is that choice: Lucene shows it so."""
    must = [part for occur, part in node.clauses if occur == "+"]
    if len(must) == 1 and len(node.clauses) > 1 and all(occur != "" for occur, _ in node.clauses):
        choice = disjunction(must[0])
        if choice is not None and must[0].boost == 1.0 and isinstance(must[0], Boolean):
            others = [(occur, part) for occur, part in node.clauses if occur != "+"]
            chosen: list[tuple[Occur, Node]] = [("", part) for part in choice]
            return [*others, *chosen], max(1, must[0].minimum)
    return node.clauses, node.minimum


def _counted(frequency: int, documents: int) -> Explanation:
    return Explanation(
        _short(idf(documents, frequency)),
        "idf, computed as log(1 + (N - n + 0.5) / (n + 0.5)) from:",
        (
            Explanation(frequency, "n, number of documents containing term"),
            Explanation(documents, "N, total number of documents with field"),
        ),
    )


def _short(value: float) -> float:
    return shortest([value])[0]
