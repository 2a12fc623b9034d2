"""Proper names in a text, recognised by their capitals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ragstone.rag.reading.text import STOPWORDS

_PART = r"(?:[A-Z][\w'’&-]*(?:\.[A-Z]\.?)*|[a-z]{1,2}[A-Z]\w+)"
_LINK = r"(?:of the|of|de la|de los|de|del|da|do|dos|du|la|le|van der|van|von|bin|al|and the|&)"
_NAME = re.compile(rf"(?<![\w$€£'’]){_PART}(?:[ ](?:{_LINK}[ ])?{_PART}|[ ]\d{{1,4}}(?![\w,.%]*\d|%))*", re.UNICODE)
_MONTHS = frozenset(
    """january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday""".split()
)
# Words that open a sentence, or stand capitalised in headings, without naming anything.
_OPENERS = STOPWORDS | frozenset(
    """however meanwhile overall currently today recently although despite since until both many most some several
    approximately roughly nearly almost around total chart table figure page section note source summary population
    revenue sales profit income price cost number compare comparing please tell list name calculate compute using given
    year years annual quarterly result results fiscal q1 q2 q3 q4 fy sir mr mrs ms dr prof president chief according
    united nations projections average during following based like unlike""".split()
) - frozenset({"united", "nations"})


@dataclass(frozen=True)
class Name:
    """`words` are its lower-case parts without little words, e.g. (`new`, `york`, `city`)."""

    text: str
    words: tuple[str, ...]
    start: int
    end: int


def name_words(text: str) -> tuple[str, ...]:
    """Lower-case parts of a name; an ending `'s` is dropped."""
    found = []
    for word in re.findall(r"[\w&.'’-]+", text):
        bare = re.sub(r"['’]s?$", "", word).lower().strip(".")
        if bare and bare not in STOPWORDS:
            found.extend(part for part in bare.split("-") if part)
    return tuple(found)


def find_names(text: str, lower_words: frozenset[str] = frozenset()) -> list[Name]:
    """Names in order. A capitalised word that opens a sentence is no name when `lower_words`, the words seen in small
    letters elsewhere, hold it."""
    found = []
    for match in _NAME.finditer(text):
        start, name = match.start(), match[0]
        opens = not text[:start].strip(" \"'“(*-") or text[:start].rstrip()[-1] in ".!?:|"
        while True:
            first, _, rest = name.partition(" ")
            plain = re.sub(r"['’]s?$", "", first).lower().strip(".")
            opener = plain in _OPENERS or (opens and plain in lower_words) or plain in _MONTHS
            if not opener:
                break
            rest_start = re.search(_PART, rest)
            if rest_start is None:
                name = ""
                break
            start += len(first) + 1 + rest_start.start()
            name = rest[rest_start.start() :]
            opens = False
        words = name_words(name)
        if words and not all(word.isdigit() for word in words):
            clean = re.sub(r"['’]s?$", "", name)
            found.append(Name(clean, words, start, start + len(clean)))
    return found


def covers(name: Sequence[str], words: Sequence[str] | frozenset[str]) -> bool:
    """Whether all parts of a name are among `words`, or its initials are one of them (`NYC`, `U.S.`)."""
    if all(part in words for part in name):
        return True
    initials = "".join(part[0] for part in name)
    if len(name) > 1 and (initials in words or ".".join(initials) in words):
        return True
    if len(name) == 1 and 2 <= len(name[0].replace(".", "")) <= 5:
        letters = name[0].replace(".", "")
        listed = list(words)
        spans = (listed[at : at + len(letters)] for at in range(len(listed) - len(letters) + 1))
        return any("".join(word[0] for word in span) == letters for span in spans)
    return False
