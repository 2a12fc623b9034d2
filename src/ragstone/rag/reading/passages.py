"""Plain facts: the sentence that answers, quoted; or the finding that there is none.

A sentence answers when the names of the question are its own or those of its passage, when it covers enough of what is
asked of them, weighed by rarity (BM25's idf, a word that no passage has weighing most), and when it holds the kind of
thing that is asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ragstone.rag.reading.lexicon import LIGHT
from ragstone.rag.reading.names import Name, covers
from ragstone.rag.reading.question import CHANGE, DRESSED, Question, likeness, topic_share
from ragstone.rag.reading.statements import Sentence, find_times
from ragstone.rag.reading.text import stem, words

_ENOUGH = 0.55
_LIGHT = frozenset(stem(word) for word in LIGHT)
_PLACE = re.compile(r"\b(?:in|at|near|on|from|to|within|outside|between|along)\s+(?:the\s+)?[A-Z\d]")
_NUMBER_WORD = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fifteen|twenty|thirty|forty|fifty|sixty|"
    r"hundred|thousand|million|half|dozen|once|twice|daily|weekly|monthly|yearly)\b",
    re.IGNORECASE,
)
_MONEY = re.compile(r"[$€£¥₹]|\b(?:USD|EUR|GBP|dollars?|euros?|pounds?|cents?|yen|free)\b")
_LENGTH = r"\d\s?(?:m|km|cm|mm|ft|mi)\b|\b(?:(?:kilo|centi|milli)?met(?:er|re)s?|miles?|feet|foot|inch(?:es)?|yards?)\b"
_DURATION = r"\b(?:years?|months?|weeks?|days?|hours?|minutes?|seconds?|decades?|overnight|forever)\b"
_UNITS = {
    **dict.fromkeys(("tall", "high", "deep", "wide"), re.compile(_LENGTH)),
    **dict.fromkeys(("long", "far"), re.compile(f"{_LENGTH}|{_DURATION}")),
    "old": re.compile(rf"{_DURATION}|\b\d{{4}}\b|\bborn\b|\baged?\b|\b\d+\b"),
    "heavy": re.compile(r"\d\s?(?:kg|g|mg|t|lbs?)\b|\b(?:kilos?|(?:kilo)?grams?|tons?|tonnes?|pounds?|ounces?)\b"),
    "fast": re.compile(r"\d\s?(?:mph|km/h|m/s|kn|knots)|\bper (?:hour|second)\b|\bseconds?\b"),
}
_MEASURE = re.compile(rf"\bhow ({'|'.join(_UNITS)})\b", re.IGNORECASE)
_WHEN = re.compile(
    r"\b(?:january|february|march|april|june|july|august|september|october|november|december|mondays?|tuesdays?|wednesdays?|"
    r"thursdays?|fridays?|saturdays?|sundays?|weekdays?|weekends?|century|\d{1,2}(?::\d{2})?\s?(?:am|pm)|\d{1,2}:\d{2}|spring|summer|autumn|winter|noon|midnight|"
    r"days?|weeks?|years?|bc|ad)\b|\b\d{3,4}\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Quote:
    sentence: Sentence
    score: float


def weights(sentences: Sequence[Sentence], topic: Iterable[str]) -> dict[str, float]:
    """Weight of each topic word: 0.5 to 1.5 by its rarity among the sentences, 2.5 when none has it or one like it."""
    total = len(sentences)
    most = math.log(1 + (total + 0.5) / 0.5)
    found = {}
    for word in topic:
        having = sum(likeness(word, sentence.stems) > 0 for sentence in sentences)
        rarity = math.log(1 + (total - having + 0.5) / (having + 0.5)) / most
        if word in _LIGHT or (not having and word in DRESSED):
            found[word] = min(0.3, rarity)
        else:
            found[word] = 0.5 + rarity if having else 2.5
    return found


def best_quote(question: Question, sentences: Sequence[Sentence], weighed: dict[str, float]) -> Quote | None:
    """The sentence that answers, or None."""
    if question.unknown or (not question.words and not question.names):
        return None
    passages: dict[int, frozenset[str]] = {}
    for sentence in sentences:
        passages[sentence.passage] = passages.get(sentence.passage, frozenset()) | frozenset(words(sentence.text))
    quotes = []
    for sentence in sentences:
        score = _score(question, sentence, passages[sentence.passage], weighed)
        if score is not None:
            quotes.append(Quote(sentence, score))
    return max(quotes, key=lambda quote: quote.score, default=None)


def _score(
    question: Question, sentence: Sentence, passage_words: frozenset[str], weighed: dict[str, float]
) -> float | None:
    own = frozenset(words(sentence.text))
    named = 0.0
    for name in question.names:
        if covers(name.words, sorted(own)):
            named += 1.0
        elif covers(name.words, sentence.about):
            named += 0.8
        elif covers(name.words, sorted(passage_words)):
            named += 0.4
        else:
            return None
    if question.growth and not CHANGE.search(sentence.text):
        return None
    in_time = 0.0
    for time in question.times:
        stated = find_times(sentence.text)
        if stated and stated[0][0].matches(time):
            in_time += 0.5
        if not any(found.matches(time) for found, _, _ in stated) and str(time.year) not in own:
            return None
    covered = topic_share(question.words, sentence.stems, weighed)
    wider = topic_share(question.words, sentence.stems | sentence.before, weighed)
    share = 0.5 * covered + 0.5 * wider
    if any(word != question.kind for word in question.words) and (share < _ENOUGH or covered == 0.0):
        return None
    fit = _fits(question, sentence)
    if fit == 0.0:
        return None
    subject = 0.3 if question.names and sentence.about and covers(question.names[0].words, sentence.about) else 0.0
    named_share = named / len(question.names) if question.names else 0.5
    return 2 * share + named_share + subject + fit + in_time - 0.001 * sentence.position - 0.01 * sentence.passage


def _fits(question: Question, sentence: Sentence) -> float:
    """1 when the sentence holds the kind of thing that is asked for, 0 when it cannot answer."""
    text = sentence.text
    if question.money:
        return 1.0 if _MONEY.search(text) else 0.0
    measure = _MEASURE.search(question.text)
    if measure and not _UNITS[measure[1].lower()].search(text):
        return 0.0
    if question.wanted == "number":
        return 1.0 if _NUMBER_WORD.search(text) else 0.0
    if question.wanted == "when":
        return 1.0 if _WHEN.search(text) else 0.0
    if question.wanted == "who":
        return 1.0 if _others(question, sentence.names) else 0.3
    if question.wanted == "where":
        return 1.0 if _others(question, sentence.names) or _PLACE.search(text) else 0.3
    return 0.7


def _others(question: Question, names: Iterable[Name]) -> bool:
    return any(not any(covers(name.words, asked.words) for asked in question.names) for name in names)
