"""Answers by figures: one value, a change over time, a comparison. Each names its sources as `[n]`."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ragstone.rag.reading.names import covers
from ragstone.rag.reading.quantities import Quantity, comparable, difference, per_cent
from ragstone.rag.reading.question import likeness, topic_share
from ragstone.rag.reading.statements import Statement, Time
from ragstone.rag.reading.text import stem

_MOST = 300
"""Statements that are tried as the ends of a change."""
_ENOUGH = 0.5
"""Least share of the question's topic, by weight, that a statement must cover."""
_MONEY_WORDS = frozenset(
    ("cost", "pric", "revenu", "profit", "sale", "gdp", "incom", "salari", "budget", "spend", "worth")
)


@dataclass(frozen=True)
class Asked:
    """One thing a question asks about: a name, or a noun that stands in the place of one."""

    text: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Rated:
    statement: Statement
    score: float


@dataclass(frozen=True)
class Change:
    asked: Asked
    start: Statement
    end: Statement

    @property
    def share(self) -> float | None:
        first = self.start.quantity.value
        return None if first == 0 else float((self.end.quantity.value - first) / abs(first))


class Figures:
    """The statements of all passages, asked about one topic (stems, weighed)."""

    def __init__(self, statements: Sequence[Statement], topic: Sequence[str], weights: dict[str, float]) -> None:
        self._statements = statements
        self._topic = topic
        self._weights = weights

    def about(self, asked: Asked | None, like: Statement | None = None) -> list[Rated]:
        """Statements about a thing that fit the topic, the best first.

        `like` is a statement known to fit: then one of the same unit and of similar words fits too, whatever it says
        of the topic.
        """
        found = []
        for statement in self._statements:
            near = 1.0 if asked is None else _nearness(asked, statement)
            if near == 0.0:
                continue
            share = max(
                topic_share(self._topic, statement.stems, self._weights),
                0.95 * topic_share(self._topic, statement.sentence.stems, self._weights),
                0.9 * topic_share(self._topic, statement.sentence.stems | statement.sentence.before, self._weights),
            )
            if share < _ENOUGH and (like is None or not _interchangeable(statement, like)):
                continue
            score = near + 2 * share + _unit_fit(statement.quantity, self._topic)
            found.append(Rated(statement, score + _closeness(statement, self._topic)))
        return sorted(found, key=lambda rated: -rated.score)

    def value(self, asked: Asked | None, time: Time | None, like: Statement | None = None) -> Statement | None:
        """The best statement for a time; without one, the newest, or one without any time."""
        rated = self.about(asked, like)
        if time is not None:
            rated = [r for r in rated if _at(r.statement, time)]
        if not rated:
            return None
        close = [r for r in rated if r.score >= rated[0].score - 0.25]
        if time is None:
            return max(close, key=lambda r: (r.statement.time or Time(0), r.score)).statement
        return max(close, key=lambda r: (r.statement.time == time, r.score)).statement

    def series(self, asked: Asked | None, statement: Statement) -> bool:
        """Whether a statement has a time and is one of several about all of the topic."""
        if statement.time is None or topic_share(self._topic, statement.stems, self._weights) < 0.8 or not self._topic:
            return False
        return (
            len({r.statement.time for r in self.about(asked) if r.statement.quantity.kind == statement.quantity.kind})
            > 1
        )

    def change(
        self, asked: Asked | None, first: Time | None, last: Time | None, like: Statement | None = None
    ) -> Change | None:
        """The pair of comparable statements that fits best; without times, from the earliest to the latest."""
        rated = [r for r in self.about(asked, like) if r.statement.time is not None]
        if first is None or last is None:
            close = [r.statement.time for r in rated if r.score >= rated[0].score - 0.5]
            times = sorted(time for time in close if time is not None)
            if not times:
                return None
            first, last = first or times[0], last or times[-1]
        pairs = []
        rated = rated[:_MOST]
        for start in rated:
            if not _at(start.statement, first):
                continue
            for end in rated:
                if not _at(end.statement, last) or end.statement is start.statement:
                    continue
                if comparable(start.statement.quantity, end.statement.quantity):
                    pairs.append((start.score + end.score + _alike(start.statement, end.statement), start, end))
        if not pairs:
            return None
        _, start, end = max(pairs, key=lambda pair: pair[0])
        if start.statement.time == end.statement.time:
            return None
        return Change(asked or _subject(start.statement), start.statement, end.statement)

    def subjects(self) -> list[Asked]:
        """Every thing that the passages state a fitting figure of, in order."""
        found: dict[tuple[str, ...], Asked] = {}
        for statement in sorted((r.statement for r in self.about(None)), key=lambda s: s.sentence.passage):
            if statement.subjects and statement.subjects[0]:
                found.setdefault(statement.subjects[0], _subject(statement))
        return list(found.values())


def _subject(statement: Statement) -> Asked:
    subject = statement.subjects[0] if statement.subjects else ()
    for name in statement.sentence.names:
        if name.words == subject:
            return Asked(name.text, subject)
    return Asked(" ".join(subject).title() or "the figure", subject)


def _at(statement: Statement, time: Time) -> bool:
    return statement.time is not None and statement.time.matches(time)


def _nearness(asked: Asked, statement: Statement) -> float:
    """1 when the statement is about the thing itself, less when it only stands near it, 0 when it is about another."""
    subjects = statement.subjects
    if subjects and subjects[0] and covers(asked.words, subjects[0]):
        return 1.0 + 0.2 * len(asked.words) / len(subjects[0])
    if any(covers(asked.words, subject) for subject in subjects[1:] if subject):
        return 0.7
    if not statement.sentence.names and covers(asked.words, statement.names):
        return 0.8
    if all(likeness(word, statement.stems) >= 0.9 for word in _stemmed(asked.words)):
        return 0.9
    if not statement.sentence.names and all(
        likeness(word, statement.sentence.before) >= 0.9 for word in _stemmed(asked.words)
    ):
        return 0.5
    return 0.0


def _stemmed(words: Iterable[str]) -> list[str]:
    return [stem(word) for word in words]


def _closeness(statement: Statement, topic: Sequence[str]) -> float:
    """A little more for a quantity whose unit is the topic, or that stands near a word of it."""
    unit = [stem(word) for word in statement.quantity.unit.lower().split()]
    if any(likeness(word, frozenset(unit)) > 0 for word in topic):
        return 0.4
    text = statement.sentence.text
    nearest = 200
    for match in re.finditer(r"[A-Za-z]+", text):
        own = frozenset((stem(match[0].lower()),))
        if any(likeness(word, own) > 0 for word in topic):
            distance = (
                statement.place - match.end() if match.end() <= statement.place else match.start() - statement.place
            )
            nearest = min(nearest, distance)
    return 0.3 / (1 + nearest / 25)


def _interchangeable(one: Statement, other: Statement) -> bool:
    same_unit = one.quantity.unit == other.quantity.unit and one.quantity.kind == other.quantity.kind
    shared = len(one.sentence.stems & other.sentence.stems) / max(1, len(one.sentence.stems | other.sentence.stems))
    return same_unit and shared >= 0.2


def _unit_fit(quantity: Quantity, topic: Sequence[str]) -> float:
    money = any(word in _MONEY_WORDS or likeness(word, _MONEY_WORDS) >= 0.9 for word in topic)
    if money != bool(quantity.currency):
        return -0.3 if quantity.currency or money else 0.0
    return 0.2 if money else 0.0


def _alike(one: Statement, other: Statement) -> float:
    shared = len(one.stems & other.stems) / max(1, len(one.stems | other.stems))
    same_unit = 0.3 if one.quantity.unit == other.quantity.unit else 0.0
    return shared + same_unit + (0.2 if one.sentence.passage == other.sentence.passage else 0.0)


# ── wording ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def shown(quantity: Quantity) -> str:
    """A quantity with its unit, as the passage has it."""
    if quantity.unit and not quantity.text.endswith(quantity.unit):
        return f"{quantity.text} {quantity.unit}"
    return quantity.text


def source(*statements: Statement) -> str:
    numbers = sorted({statement.sentence.passage + 1 for statement in statements})
    return "".join(f"[{number}]" for number in numbers)


def at(time: Time | None) -> str:
    if time is None:
        return ""
    if time.part > 20:
        return f"Q{time.part - 20} {time.year}"
    if time.part:
        return f"{calendar.month_name[time.part]} {time.year}"
    return str(time.year)


def tell_value(asked: Asked | None, statement: Statement) -> str:
    """The figure, and the sentence that has it."""
    when = f" in {at(statement.time)}" if statement.time else ""
    who = f"{asked.text}{when}: " if asked else (f"{when.strip().capitalize()}: " if when else "")
    return f"{who}{shown(statement.quantity)}. “{statement.sentence.text.strip()}” {source(statement)}"


def tell_change(change: Change) -> str:
    start, end = change.start.quantity, change.end.quantity
    span = f"From {at(change.start.time)} to {at(change.end.time)}"
    sources = source(change.start, change.end)
    if start.value == end.value:
        return f"{span}, {change.asked.text} stayed at {shown(end)} {sources}."
    verb = "grew" if end.value > start.value else "fell"
    share = per_cent(start.value, end.value)
    if start.percent:
        share = f"{share} in relative terms" if share else None
    by = f"{difference(start, end)} ({share})" if share else difference(start, end)
    return f"{span}, {change.asked.text} {verb} by {by}, from {shown(start)} to {shown(end)} {sources}."


def tell_changes(changes: Sequence[Change], *, lower: bool) -> str:
    """Each change, and which was the faster and the larger."""
    told = " ".join(tell_change(change) for change in changes)
    rated = [(change, change.share) for change in changes]
    shares = {change.asked.text: share for change, share in rated if share is not None}
    if len(shares) < 2:
        return told
    fast = max(shares, key=lambda name: shares[name])
    slow = min(shares, key=lambda name: shares[name])
    if shares[fast] == shares[slow]:
        return f"{told} In relative terms both changed alike."
    growing, falling = shares[fast] > 0, shares[slow] < 0
    if growing and not falling:
        than = f"than {slow}" if len(shares) == 2 else "than the others"
        verdict = f"In relative terms {fast} grew faster {than}"
        if lower:
            verdict = f"In relative terms {slow} grew more slowly than {fast if len(shares) == 2 else 'the others'}"
    elif falling and not growing:
        verdict = f"In relative terms {slow} fell faster"
        verdict += f" than {fast}" if len(shares) == 2 else " than the others"
        if shares[fast] == 0:
            verdict = f"Only {slow} fell"
    else:
        verdict = f"{fast} grew while {slow} fell"
        if shares[fast] == 0:
            verdict = f"{slow} fell while {fast} did not change"
    return f"{told} {verdict}{_larger_distance(changes)}."


def _larger_distance(changes: Sequence[Change]) -> str:
    quantities = [change.end.quantity for change in changes]
    if not all(comparable(quantities[0], other) for other in quantities[1:]):
        return ""
    distances = {c.asked.text: abs(c.end.quantity.value - c.start.quantity.value) for c in changes}
    most = max(distances, key=lambda name: distances[name])
    if list(distances.values()).count(distances[most]) > 1:
        return ""
    return f"; in absolute numbers {most} changed more"


def tell_comparison(pairs: Sequence[tuple[Asked, Statement]], *, word: str, lower: bool) -> str:
    """Each value, and which is the higher, or the lower where the question looks for that. `word` is the question's own
    comparative, if it has one: `larger`, `cheaper`."""
    parts = []
    for asked, statement in pairs:
        when = f" in {at(statement.time)}" if statement.time else ""
        parts.append(f"{asked.text}: {shown(statement.quantity)}{when} {source(statement)}.")
    told = " ".join(parts)
    first = pairs[0][1].quantity
    if not all(comparable(first, statement.quantity) for _, statement in pairs[1:]):
        return told
    ordered = sorted(pairs, key=lambda pair: pair[1].quantity.value)
    (low, least), (high, most) = ordered[0], ordered[-1]
    if least.quantity.value == most.quantity.value:
        return f"{told} They are equal."
    if len(pairs) > 2:
        extreme = f"{low.text} is the lowest" if lower else f"{high.text} is the highest"
        return f"{extreme}. {told}"
    distance = difference(least.quantity, most.quantity)
    share = per_cent(least.quantity.value, most.quantity.value)
    by = f"{distance} ({share} of the lower figure)" if share else distance
    if lower:
        return f"{low.text} is {word or 'lower'} than {high.text}, by {by}. {told}"
    return f"{high.text} is {word or 'higher'} than {low.text}, by {by}. {told}"
