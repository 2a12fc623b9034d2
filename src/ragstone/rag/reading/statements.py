"""What passages state in figures: a quantity, of whom, when. Read clause by clause, without a grammar."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ragstone.rag.reading.names import Name, find_names
from ragstone.rag.reading.quantities import Found, Quantity, find_quantities
from ragstone.rag.reading.text import sentences, stem, stems, tidy

_MONTH_NAMES = [name.lower() for name in calendar.month_name[1:]]
_MONTH = "|".join(f"{name}|{name[:3]}\\.?" for name in _MONTH_NAMES)
_TIME = re.compile(
    rf"(?:(?P<month>\b(?:{_MONTH}))(?:\ \d{{1,2}},?)?\ (?:of\ )?|\bq(?P<quarter>[1-4])[\ /]"
    r"|\b(?:fy|fiscal(?:\ year)?)\ ?|(?<![\w$€£¥.,/-]))"
    r"(?P<year>(?:1[0-9]|20|21)\d{2})"
    r"(?![\w%€£$]|[,.]\d|\ (?:%|percent|km|kg|dollars|euros|people\b|units\b))"
    r"(?:[-/–](?P<short>\d{2})(?!\d))?",
    re.IGNORECASE,
)
_RISE = (
    r"increas\w*|ris(?:e|es|en|ing)|rose|grew|grow\w*|growth|gain\w*|jump\w*|climb\w*|surg\w*|expan\w*|up|more|higher|"
    r"add\w*|improv\w*"
)
_FALL = (
    r"decreas\w*|declin\w*|fall\w*|fell|drop\w*|loss|lost|reduc\w*|reduction|shr[aiu]nk\w*|slump\w*|plung\w*|down|less|"
    r"lower|fewer|contract\w*|cut"
)
_LINK = r"(?:\ (?:by|of|about|around|roughly|nearly|almost|some|a|an|approximately|just|only|over|another)){0,3}"
_BEFORE = re.compile(rf"\b(?:{_RISE}|{_FALL}){_LINK}\ $", re.IGNORECASE)
_BY = re.compile(
    r"(?<!followed )\bby(?:\ (?:about|around|roughly|nearly|almost|some|approximately|just|only|over))?\ $",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"^(?:\ |-)(?:(?!in\b|at\b|of\b|on\b|by\b)[\w-]+\ ){0,2}?"
    r"(?:(?:increase|rise|growth|gain|jump|surge|climb|decrease|decline|fall|drop|loss|reduction|"
    r"slump|cut|improvement)s?\b|(?:more|higher|larger|greater|less|lower|fewer|smaller|above|below)\ than\b)",
    re.IGNORECASE,
)
_COUNTS = re.compile(
    r"\b(?:had|has|have|with|employ\w*|about|around|roughly|nearly|almost|over|only|sold|costs?|are|were|reach\w*|than|"
    r"produc\w*|count\w*|total\w*|hous\w*|hosts?|hosted|some|approximately)\ $",
    re.IGNORECASE,
)
_STATES = re.compile(r"(?:\b(?:was|were|is|are|reach\w*|hit|stood at|total\w*|count\w*|=)|=)\ ?$", re.IGNORECASE)
_IN_YEAR = re.compile(r"^(?:\ (?!than\b|and\b|or\b|to\b)[a-z]+)?\ in\ (?:1[0-9]|20|21)\d{2}\b")
_NOUN = re.compile(
    r"^\ (?!(?:and|or|to|in|is|was|were|the|a|an|it|its|but|when|as|by|on|at|for|with|had|has)\b)[a-z]{3,}"
)
_SINCE = re.compile(
    r"^[\w\s-]{0,30}?(?:from|over|since|than|compared (?:to|with)|on|versus|relative to)"
    r"(?: in| the year| that of| the previous year of)? $",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r";\ |,?\ (?:while|whereas|whilst|but|compared\ (?:to|with)|as\ against|against|versus|vs\.?)\ "
    r"|,\ (?:and\ )?(?=[A-Z])",
)


_WINDOW = 80
"""Letters before and after a number that decide what it is."""
# Openings that carry on with the subject of the sentence before.
_PRONOUN = re.compile(
    r"^(?:Its?|They|Their|He|She|His|Her|This|That|Here|There|Both)\b|"
    r"^The (?:city|town|village|county|state|country|region|company|firm|group|bank|team|club|"
    r"band|university|college|school|museum|hotel|airport|station|bridge|tower|building|"
    r"river|lake|mountain|island|park|book|novel|film|song|product|model|device|car|project|organi[sz]ation|agency)\b"
)
_LENGTH = "m|km|cm|mm|ft|mi|(?:kilo|centi)?met(?:er|re)s?|miles?|feet|foot|inch(?:es)?"
# Units that show what a figure measures, as stems of the words that ask for it.
_UNIT_WORDS = [
    (re.compile(rf"^(?:{units})$"), asked)
    for units, asked in (
        (
            r"m|km|cm|mm|ft|mi|(?:kilo|centi)?met(?:er|re)s?|miles?|feet|foot|inch(?:es)?",
            "tall long height deep wide far high",
        ),
        ("kg|g|mg|t|tons?|tonnes?|kilos?|kilograms?|grams?|lbs?|pounds?", "heavy weigh weight"),
        ("mph|km/h", "fast speed"),
        ("°.*", "hot cold warm temperature"),
        ("km²|m²|ha|hectares?|acres?|square.*", "area large big cover"),
        ("years?|months?|weeks?|days?|hours?|minutes?|seconds?", "long old last take"),
        ("people|inhabitants?|residents?|citizens?", "population"),
    )
]


@dataclass(frozen=True, order=True)
class Time:
    """A year, or a month (1–12) or quarter (as 21–24) of it."""

    year: int
    part: int = 0

    def matches(self, asked: Time) -> bool:
        return self.year == asked.year and asked.part in (0, self.part)


@dataclass(frozen=True)
class Sentence:
    """A sentence with what it inherits from those before it in its passage."""

    passage: int
    """Position among the passages, from 0."""
    position: int
    text: str
    stems: frozenset[str]
    names: tuple[Name, ...]
    about: tuple[str, ...]
    """Words of its subject: its first name, or the last subject before it."""
    before: frozenset[str]
    """Stems of the passage's first sentence and of the one before this."""


@dataclass(frozen=True)
class Statement:
    """A quantity that a sentence states, and when, if it says so. `subjects` are the names it may be about, nearest
    first; `words` all name words it can be tied to."""

    quantity: Quantity
    time: Time | None
    subjects: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]
    stems: frozenset[str]
    """Of its clause."""
    place: int
    """Where the quantity stands in its sentence."""
    sentence: Sentence


def find_times(text: str) -> list[tuple[Time, int, int]]:
    """Years, months and quarters in order, with their places."""
    found = []
    for match in _TIME.finditer(text):
        before, after = _tail(text, match.start()), _head(text, match.end())
        if (
            _STATES.search(before)
            or (_IN_YEAR.match(after) and not before.lower().endswith(" in "))
            or (_COUNTS.search(before) and _NOUN.search(after))
        ):
            continue  # `was 1850`, `from 1850 in 2015`, `had 1900 members`
        part = 0
        if match["month"]:
            part = 1 + [name[:3] for name in _MONTH_NAMES].index(match["month"][:3].lower())
        elif match["quarter"]:
            part = 20 + int(match["quarter"])
        found.append((Time(int(match["year"]), part), match.start(), match.end()))
    return found


def _tail(text: str, end: int) -> str:
    return text[max(0, end - _WINDOW) : end]


def _head(text: str, start: int) -> str:
    return text[start : start + _WINDOW]


def read_sentences(passages: Sequence[str], question: str, most: int = 2000) -> list[Sentence]:
    """The first `most` sentences of all passages.

    The question helps to tell names from words that merely open a sentence.
    """
    tidied = [tidy(passage) for passage in passages]
    everything = (*tidied, question)
    small = frozenset(word for text in everything for word in re.findall(r"\b[a-z]+\b", text))
    inside = frozenset(word.lower() for text in everything for word in re.findall(r"(?<=[\w,;] )[A-Z][\w-]+", text))
    found: list[Sentence] = []
    for number, passage in enumerate(tidied):
        texts = sentences(passage)[: most - len(found)]
        named = [tuple(find_names(text, small, inside)) for text in texts]
        about = next((names[0].words for names in named if names), ())
        first: frozenset[str] = frozenset()
        previous: frozenset[str] = frozenset()
        for position, (text, names) in enumerate(zip(texts, named, strict=True)):
            if names and (position == 0 or not _PRONOUN.match(text)):
                about = names[0].words
            here = frozenset(stems(text)) | _unit_stems(text)
            found.append(Sentence(number, position, text, here, names, about, first | previous))
            first, previous = first or here, here
    return found


def _unit_stems(text: str) -> frozenset[str]:
    found: set[str] = set()
    for quantity in (entry.quantity for entry in find_quantities(text)):
        if quantity.currency:
            found.add(stem("price"))
        for unit, asked in _UNIT_WORDS:
            if quantity.unit and unit.match(quantity.unit.lower()):
                found.update(stem(word) for word in asked.split())
    return frozenset(found)


def read_statements(sentence: Sentence) -> list[Statement]:
    """What a sentence states. Changes (`a 0.37% increase from 2022`, `rose by 5,000`) state no quantity of their own
    and are left out."""
    found: list[Statement] = []
    times: list[Time] = []
    everywhere = {time for time, _, _ in find_times(sentence.text)}
    if len(everywhere) == 1:
        times = list(everywhere)
    subject = sentence.about
    for start, end in _clauses(sentence.text):
        clause = sentence.text[start:end]
        names = [name for name in sentence.names if start <= name.start < end]
        quantities, own_times = _figures(clause)
        if own_times:
            times = [time for time, _, _ in own_times]
        paired = _pair_times(quantities, own_times, times)
        in_turn = _pair_names(quantities, names, start)
        here = frozenset(stems(clause)) | _unit_stems(clause)
        for index, (quantity, time) in enumerate(zip(quantities, paired, strict=True)):
            if in_turn is not None:
                subjects = [in_turn[index].words]
            else:
                subjects = [name.words for name in names]
                if not subjects or (start == 0 and subjects[0] != subject):
                    subjects.insert(0, subject)
            tied = tuple(part for words_ in subjects for part in words_)
            found.append(
                Statement(quantity.quantity, time, tuple(subjects), tied, here, start + quantity.start, sentence)
            )
        if names:
            subject = names[0].words
    return found


def _clauses(text: str) -> list[tuple[int, int]]:
    spans, start = [], 0
    for match in _CLAUSE.finditer(text):
        if find_quantities(text[start : match.start()]) and find_quantities(text[match.end() :]):
            spans.append((start, match.start()))
            start = match.end()
    spans.append((start, len(text)))
    return spans


def _figures(clause: str) -> tuple[list[Found], list[tuple[Time, int, int]]]:
    """Quantities that are stated, and times that belong to them, without changes and what those refer to."""
    every = times = find_times(clause)
    quantities = []
    for found in find_quantities(clause):
        if any(start < found.end and found.start < end for _, start, end in every):
            continue
        before, after = _tail(clause, found.start), _head(clause, found.end)
        changes = _BEFORE.search(before) and not re.search(r"\bto\b[\w ]*$", before[-12:])
        if changes or _BY.search(before) or _AFTER.search(after):
            times = [t for t in times if not (t[1] >= found.end and _SINCE.search(clause[found.end : t[1]]))]
            continue
        quantities.append(found)
    return quantities, times


def _pair_times(
    quantities: Sequence[Found], own: Sequence[tuple[Time, int, int]], inherited: Sequence[Time]
) -> list[Time | None]:
    if not own:
        if len(inherited) == len(quantities):
            return list(inherited)
        return [inherited[0] if len(inherited) == 1 else None] * len(quantities)
    if len(own) == 1:
        return [own[0][0]] * len(quantities)
    if len(own) == len(quantities):
        return [time for time, _, _ in own]
    paired: list[Time | None] = []
    for found in quantities:
        middle = (found.start + found.end) / 2
        paired.append(min(own, key=lambda t: abs((t[1] + t[2]) / 2 - middle))[0])
    return paired


def _pair_names(quantities: Sequence[Found], names: Sequence[Name], offset: int) -> list[Name] | None:
    """Names and quantities in turn, where they are equally many and either alternate or come in two rows."""
    if len(names) < 2 or len(names) != len(quantities):
        return None
    places = sorted([(name.start - offset, "n") for name in names] + [(found.start, "q") for found in quantities])
    order = "".join(kind for _, kind in places)
    count = len(names)
    if order in ("nq" * count, "qn" * count, "n" * count + "q" * count, "q" * count + "n" * count):
        return list(names)
    return None
