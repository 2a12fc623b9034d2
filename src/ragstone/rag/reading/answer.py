"""From a question and passages to an answer: figures first where the question asks for them, a quotation otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragstone.rag.reading.figures import Asked, Figures, tell_change, tell_changes, tell_comparison, tell_value
from ragstone.rag.reading.lexicon import STOPWORDS
from ragstone.rag.reading.passages import best_quote, weights
from ragstone.rag.reading.question import Question, read_question
from ragstone.rag.reading.statements import Sentence, Statement, Time, read_sentences, read_statements
from ragstone.rag.reading.text import stem

NO_PASSAGES = "I cannot answer this: I read search results, and this request brings none."
NO_ANSWER = "I cannot answer this from the search results: they do not contain that information."
MOST_SENTENCES = 2000
"""What is read at most; further sentences are left out."""

_EITHER = re.compile(
    r"\b(?:the )?([a-z][\w-]+),? (?:or|and|vs\.?|versus|than|with|to) (?:the |that of )?(?:the )?([a-z][\w-]+)", re.I
)


def answer(question: str, passages: Sequence[str]) -> str:
    """The answer in a few sentences, its sources as `[n]`, n being a passage's position from 1. Never raises."""
    if not any(passage.strip() for passage in passages):
        return NO_PASSAGES
    sentences = read_sentences(passages, question, MOST_SENTENCES)
    asked = read_question(question, sentences)
    return _by_figures(asked, sentences) or _by_quote(asked, sentences) or NO_ANSWER


def _by_figures(question: Question, sentences: Sequence[Sentence]) -> str | None:
    if question.unknown:
        return None
    things = _things(question, sentences)
    statements = [statement for sentence in sentences for statement in read_statements(sentence)]
    topic = _topic(question, things)
    figures = Figures(statements, topic, weights(sentences, topic))
    if question.growth:
        told = _growth(question, things, figures)
        if told is not None:
            return told
    if question.comparison and (len(things) > 1 or (question.superlative and not things)):
        told = _comparison(question, things, figures)
        if told is not None:
            return told
    if question.wanted in ("who", "when", "where") or question.growth:
        return None
    return _value(question, things[0] if things else None, figures)


def _value(question: Question, thing: Asked | None, figures: Figures) -> str | None:
    """The figures for the times asked, the newest without one. Where the passages have the figure for other times only,
    they have no answer."""
    told = [
        tell_value(thing, statement)
        for statement in (figures.value(thing, time) for time in question.times or (None,))
        if statement is not None and (question.times or question.latest or figures.series(thing, statement))
    ]
    if told:
        return " ".join(told)
    if question.times and any(rated.statement.time is not None for rated in figures.about(thing)):
        return NO_ANSWER
    return None


def _things(question: Question, sentences: Sequence[Sentence]) -> list[Asked]:
    """What the question asks about. Nouns on both sides of an `or`, when it has no names."""
    named = [Asked(name.text, name.words) for name in question.names]
    if len(named) > 1 or not question.comparison:
        return named
    have = frozenset(word for sentence in sentences for word in sentence.stems)
    for match in _EITHER.finditer(question.text):
        sides = [side.lower() for side in match.groups()]
        if all(side not in STOPWORDS and stem(side) in question.topic and stem(side) in have for side in sides):
            return [Asked(side, (side,)) for side in sides]
    return named


def _topic(question: Question, things: Sequence[Asked]) -> list[str]:
    """The question's topic without the things themselves, and without the noun that only says what kind they are."""
    taken = {stem(word) for thing in things for word in thing.words}
    if question.comparison:
        taken.add(question.kind)
    return [word for word in question.topic if word not in taken]


def _growth(question: Question, things: Sequence[Asked], figures: Figures) -> str | None:
    first, last = _span(question.times, since=question.since)
    if not things and (question.superlative or question.comparison):
        things = figures.subjects()
    asked: Sequence[Asked | None] = things or [None]
    changes = [change for thing in asked if (change := figures.change(thing, first, last)) is not None]
    if changes and len(changes) < len(asked):
        like = changes[0].start
        changes = [change for thing in asked if (change := figures.change(thing, first, last, like)) is not None]
    if not changes:
        return None
    if len(changes) > 1:
        return tell_changes(changes, lower=question.lower)
    told = tell_change(changes[0])
    missing = [thing.text for thing in things if thing is not changes[0].asked]
    if missing and question.comparison:
        told += f" The search results have no such figures for {', '.join(missing)}."
    return told


def _comparison(question: Question, things: Sequence[Asked], figures: Figures) -> str | None:
    named = len(things) > 1
    things = things if named else figures.subjects()
    time = max(question.times) if question.times else None
    pairs = _values(things, time, figures)
    if time is None and len(pairs) > 1:
        # the newest time that all have
        times = [{r.statement.time for r in figures.about(thing) if r.statement.time} for thing, _ in pairs]
        common = set[Time].intersection(*times)
        if common:
            pairs = _values([thing for thing, _ in pairs], max(common), figures)
    if len(pairs) > 1:
        return tell_comparison(pairs, word=question.comparative, lower=question.lower)
    if len(pairs) == 1 and named:
        missing = [thing.text for thing in things if thing is not pairs[0][0]]
        return f"{tell_value(*pairs[0])} The search results have no such figure for {', '.join(missing)}."
    return None


def _values(things: Sequence[Asked], time: Time | None, figures: Figures) -> list[tuple[Asked, Statement]]:
    found = {thing: figures.value(thing, time) for thing in things}
    like = next((statement for statement in found.values() if statement is not None), None)
    if like is not None:
        found = {thing: statement or figures.value(thing, time, like) for thing, statement in found.items()}
    return [(thing, statement) for thing, statement in found.items() if statement is not None]


def _span(times: Sequence[Time], *, since: bool) -> tuple[Time | None, Time | None]:
    if len(times) >= 2:
        return min(times), max(times)
    if len(times) == 1:
        only = times[0]
        return (only, None) if since else (Time(only.year - 1, only.part), only)
    return None, None


def _by_quote(question: Question, sentences: Sequence[Sentence]) -> str | None:
    weighed = weights(sentences, question.words)
    if question.kind in weighed:  # `which day`, `what ocean`: what kind of thing the answer is; it may go unsaid
        weighed[question.kind] = min(0.3, weighed[question.kind])
    quote = best_quote(question, sentences, weighed)
    if quote is None:
        return None
    return f"“{quote.sentence.text.strip()}” [{quote.sentence.passage + 1}]"
