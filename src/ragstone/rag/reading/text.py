"""Words and sentences: splitting, stems, and words that say the same."""

from __future__ import annotations

import re
import textwrap
from functools import lru_cache

from ragstone.rag.reading.lexicon import ADJECTIVES, IDEAS, IRREGULAR, STOPWORDS

LONGEST = 1000
_ESCAPED_BREAK = re.compile(r"\\[rnt]")
_SPACES = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u3000]+")
# Commas of comma-separated values: before a letter, after a letter, after a year.
_TIGHT_COMMA = re.compile(r",(?=[^\s\d])|(?<=[^\s\d]),(?=\d)|(?<=\b\d{4}),(?=\d)")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*", re.UNICODE)
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|mt|ft|no|vs|approx|ca|inc|ltd|co|corp|jr|sr|gen|est|fig|e\.g|i\.e|u\.s|u\.k)|\b[A-Za-z])\.$",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?]+[\"'”’)\]]*\s+")

_COMPARED = {f"{word}{ending}": word for word in ADJECTIVES for ending in ("er", "est")}
_BASES = IRREGULAR | _COMPARED


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A rough common form of a lower-case word: plural, past tense and participle endings are dropped."""
    word = re.sub(r"['’]s?$", "", word)
    word = _BASES.get(word, word)
    for ending, replacement, least in (
        ("ies", "y", 5),
        ("sses", "ss", 5),
        ("xes", "x", 4),
        ("ches", "ch", 5),
        ("shes", "sh", 5),
        ("ing", "", 6),
        ("ied", "y", 5),
        ("ed", "", 5),
        ("s", "", 4),
    ):
        if word.endswith(ending) and len(word) >= least and not word.endswith(("ss", "us", "is")):
            word = word[: -len(ending)] + replacement
            if ending in ("ing", "ed") and len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


def _ideas() -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for number, idea in enumerate(IDEAS):
        for word in idea:
            found.setdefault(stem(word), set()).add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


_IDEAS = _ideas()


def ideas(stemmed: str) -> frozenset[int]:
    """Numbers of the groups of like words that a stem belongs to."""
    return _IDEAS.get(stemmed, frozenset())


def tidy(text: str) -> str:
    """One kind of blank; line breaks that arrive spelled out (a backslash and an n) as line breaks."""
    text = _ESCAPED_BREAK.sub("\n", text).replace("\r", "\n")
    return _SPACES.sub(" ", _TIGHT_COMMA.sub(", ", text))


def words(text: str) -> list[str]:
    """Lower-case words in order, numbers too."""
    return [match[0].lower().replace("’", "'") for match in _WORD.finditer(text)]


def stems(text: str) -> list[str]:
    """Stems of the words that carry meaning."""
    found = []
    for word in words(text):
        bare = re.sub(r"'s?$", "", word)
        if bare and bare not in STOPWORDS and word not in STOPWORDS:
            found.append(stem(bare))
    return found


def sentences(text: str) -> list[str]:
    """Lines, and the sentences in them; never empty strings. What runs on beyond LONGEST letters is cut into pieces."""
    found = []
    for line in tidy(text).split("\n"):
        start = 0
        for end in _END.finditer(line):
            before, after = line[max(start, end.start() - 20) : end.end()].rstrip(), line[end.end() : end.end() + 1]
            if not after or after.islower() or _ABBREVIATION.search(before):
                continue
            found.append(line[start : end.end()])
            start = end.end()
        found.append(line[start:])
    return [piece for sentence in found for piece in textwrap.wrap(sentence, LONGEST) if piece]
