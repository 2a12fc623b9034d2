"""Proper names in a text, recognised by their capitals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ragstone.rag.reading.lexicon import DAYS_AND_MONTHS, OPENERS, PEOPLES, STOPWORDS, SUBJECT_VERBS
from ragstone.rag.reading.text import stem

_CAPITAL = "A-Z" + "".join(chr(code) for code in range(0xC0, 0x530) if chr(code).isupper())
_PART = rf"(?:(?:St|Ft|Mt)\. (?=[{_CAPITAL}])|[{_CAPITAL}][\w'’&-]*(?:\.[A-Z]\.?)*|[a-z]{{1,2}}[A-Z]\w+)"
_LINK = r"(?:of the|of|de la|de los|de|del|da|do|dos|du|la|le|van der|van|von|bin|al|and the|&)"
_NAME = re.compile(
    rf"(?<![\w$€£'’]){_PART}(?:(?:[ ](?:{_LINK}[ ])?|(?<=\.[ ])){_PART}|[ ]\d{{1,4}}(?![\w,.%]*\d|%))*", re.UNICODE
)
_SUBJECT_VERBS = frozenset(stem(word) for word in SUBJECT_VERBS)
_DEMONYM = re.compile(r"(?:n?ian|an|ese|ish|i|ic)$")


@dataclass(frozen=True)
class Name:
    """`words` are its lower-case parts without little words, e.g. (`new`, `york`, `city`)."""

    text: str
    words: tuple[str, ...]
    start: int
    end: int


def name_words(text: str) -> tuple[str, ...]:
    """Lower-case parts of a name; an ending `'s` is dropped."""
    found: list[str] = []
    for word in re.findall(r"[\w&.'’-]+", text):
        bare = re.sub(r"['’]s?$", "", word).lower().strip(".")
        if bare and bare not in STOPWORDS:
            found.extend(part for part in bare.split("-") if part)
    return tuple(found)


def find_names(text: str, lower_words: frozenset[str] = frozenset(), known: frozenset[str] | None = None) -> list[Name]:
    """Names in order.

    A capitalised word that opens a sentence is no name when `lower_words`, the words seen in small letters elsewhere,
    hold it; nor, given `known`, the words seen with a capital inside sentences, when it is not among those and no verb
    follows it.
    """
    found: list[Name] = []
    for match in _NAME.finditer(text):
        start, name = match.start(), match[0]
        before = text[max(0, start - 5) : start].strip(" \"'“(*-")
        opens = not before or before[-1] in ".!?:|"
        while True:
            first, _, rest = name.partition(" ")
            plain = re.sub(r"['’]s?$", "", first).lower().strip(".")
            alone = opens and not rest and not _names_something(text, match.end(), plain, known)
            opener = (
                alone
                or plain in OPENERS
                or plain in STOPWORDS
                or plain.rstrip("s") in OPENERS
                or (opens and not rest and plain in lower_words)
                or plain in DAYS_AND_MONTHS
            )
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


def _names_something(text: str, end: int, word: str, known: frozenset[str] | None) -> bool:
    after = re.match(r"(?:['’]s\b|\W*$|[^\w\s]| and [A-Z])| ([a-z]+)", text[end : end + 30])
    if known is None or word in known or after is None:
        return True
    return after[1] is None or stem(after[1]) in _SUBJECT_VERBS or after[1].endswith("ed")


def _same(part: str, word: str) -> bool:
    """The same word, or one the other's people: `German`, `Germany`."""
    if part == word or PEOPLES.get(part) == word:
        return True
    root = _DEMONYM.sub("", part)
    return root != part and len(root) >= 4 and word.startswith(root) and len(word) - len(root) <= 3


def covers(name: Sequence[str], words: Sequence[str] | frozenset[str]) -> bool:
    """Whether all parts of a name are among `words`, or its initials are one of them (`NYC`, `U.S.`)."""
    if all(part in words or any(_same(part, word) for word in words) for part in name):
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
