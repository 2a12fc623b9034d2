"""What passages state in figures: a quantity, of whom, when. Read clause by clause, without a grammar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ragstone.rag.reading.names import Name, find_names, name_words
from ragstone.rag.reading.quantities import Found, Quantity, find_quantities
from ragstone.rag.reading.text import sentences, stems, tidy, words

_MONTH_NAMES = "january february march april may june july august september october november december".split()
_MONTH = "|".join(f"{name}|{name[:3]}\\.?" for name in _MONTH_NAMES)
_TIME = re.compile(
    rf"(?:(?P<month>\b(?:{_MONTH}))(?:\ \d{{1,2}},?)?\ (?:of\ )?|\bq(?P<quarter>[1-4])[\ /]?|\b(?:fy|fiscal(?:\ year)?)\ ?)?"
    r"(?<![\w$€£¥.,/-])(?P<year>(?:1[0-9]|20|21)\d{2})(?![\w%€£$]|[,.]\d|\ (?:%|percent|km|kg|dollars|euros|people\b|units\b))"
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
_LINK = r"(?:\ (?:by|of|about|around|roughly|nearly|almost|some|a|an|to\ about|approximately|just|only|over|another)){0,3}"
_BEFORE = re.compile(rf"\b(?:{_RISE}|{_FALL}){_LINK}\ $", re.IGNORECASE)
_BY = re.compile(r"\bby(?:\ (?:about|around|roughly|nearly|almost|some|approximately|just|only|over))?\ $", re.IGNORECASE)
_AFTER = re.compile(
    rf"^(?:\ |-)(?:\w+\ |annual\ |year-on-year\ |net\ ){{0,2}}?(?:{_RISE}|{_FALL})\b(?!\ to\b)", re.IGNORECASE
)
_SINCE = re.compile(
    r"^[\w\s-]{0,30}?(?:from|over|since|than|compared (?:to|with)|on|versus|relative to)"
    r"(?: in| the year| that of| the previous year of)? $",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r";\ |,?\ (?:while|whereas|whilst|but|compared\ (?:to|with)|as\ against|against|versus|vs\.?)\ |,\ (?:and\ )?(?=[A-Z])",
)


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
    """Of its clause and, where a clause is short of words, of its sentence."""
    sentence: Sentence


def find_times(text: str) -> list[tuple[Time, int, int]]:
    """Years, months and quarters in order, with their places."""
    found = []
    for match in _TIME.finditer(text):
        part = 0
        if match["month"]:
            part = 1 + [name[:3] for name in _MONTH_NAMES].index(match["month"][:3].lower())
        elif match["quarter"]:
            part = 20 + int(match["quarter"])
        found.append((Time(int(match["year"]), part), match.start(), match.end()))
    return found


def read_sentences(passages: Sequence[str], question: str) -> list[Sentence]:
    """The sentences of all passages. The question helps to tell names from words that merely open a sentence."""
    tidied = [tidy(passage) for passage in passages]
    small = frozenset(word for text in (*tidied, question) for word in re.findall(r"\b[a-z]+\b", text))
    found: list[Sentence] = []
    for number, passage in enumerate(tidied):
        about: tuple[str, ...] = ()
        first: frozenset[str] = frozenset()
        previous: frozenset[str] = frozenset()
        for position, text in enumerate(sentences(passage)):
            names = tuple(find_names(text, small))
            if names:
                about = names[0].words
            here = frozenset(stems(text))
            found.append(Sentence(number, position, text, here, names, about, first | previous))
            first, previous = first or here, here
    return found


def read_statements(sentence: Sentence) -> list[Statement]:
    """What a sentence states. Changes (`a 0.37% increase from 2022`, `rose by 5,000`) state no quantity of their own
    and are left out."""
    found: list[Statement] = []
    times: list[Time] = []
    subject = sentence.about
    for start, end in _clauses(sentence.text):
        clause = sentence.text[start:end]
        names = [name for name in sentence.names if start <= name.start < end]
        quantities, own_times = _figures(clause)
        if own_times:
            times = [time for time, _, _ in own_times]
        paired = _pair_times(quantities, own_times, times)
        in_turn = _pair_names(quantities, names, start)
        here = frozenset(stems(clause))
        enough = here if len(here) > 2 + len(quantities) else here | sentence.stems
        for index, (quantity, time) in enumerate(zip(quantities, paired, strict=True)):
            if in_turn is not None:
                subjects = [in_turn[index].words]
            else:
                subjects = [name.words for name in names] or [subject]
            tied = tuple(part for words_ in subjects for part in words_)
            found.append(Statement(quantity.quantity, time, tuple(subjects), tied, enough, sentence))
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
    times = find_times(clause)
    quantities = []
    for found in find_quantities(clause):
        if any(start < found.end and found.start < end for _, start, end in times):
            continue
        before, after = clause[: found.start], clause[found.end :]
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
    places = sorted(
        [(name.start - offset, "n") for name in names] + [(found.start, "q") for found in quantities]
    )
    order = "".join(kind for _, kind in places)
    count = len(names)
    if order in ("nq" * count, "qn" * count, "n" * count + "q" * count, "q" * count + "n" * count):
        return list(names)
    return None


def subject_words(text: str) -> tuple[str, ...]:
    """The parts of a name given in a question."""
    return name_words(text)


def mentions(sentence: Sentence) -> frozenset[str]:
    return frozenset(words(sentence.text))
