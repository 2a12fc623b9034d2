"""What a question asks for: names, times, the thing measured, and the kind of answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ragstone.rag.reading.lexicon import DRESSING, STOPWORDS
from ragstone.rag.reading.names import Name, covers, find_names
from ragstone.rag.reading.statements import Sentence, Time, find_times
from ragstone.rag.reading.text import ideas, stem, stems, tidy, words

Wanted = Literal["who", "when", "where", "number", "thing"]


def _any(text: str) -> re.Pattern[str]:
    """Matches any of some words, given with blanks between them; `_` is a blank inside one."""
    return re.compile(r"\b(?:" + "|".join(text.split()).replace("_", " ") + r")\b", re.IGNORECASE)


_RANGE = re.compile(r"\b((?:1[0-9]|20|21)\d{2})\s?[-–—/]\s?((?:1[0-9]|20|21)\d{2})\b")
CHANGE = _any(
    r"""grow grew grows grown growing growth increas\w* decreas\w* declin\w* chang(?:e|ed|es|ing)
    ris(?:e|en|es|ing) rose fell fall(?:en|s|ing)? drop\w* gain\w* los[et] shr[aiu]nk\w* trend\w* evol\w* develop\w*
    progress\w* climb\w* expand\w* contract(?:ed|ion) jump\w* improv\w* worsen\w* reduc\w* cut surg\w*
    (?:went|go|gone)_(?:up|down)
    up_or_down difference_between_\d{4}"""
)
_COMPARE = _any(
    r"""compar\w* versus vs differ\w* than relative_to against who_(?:had|has|sold|made|earned|grew) or both
    respectively which_(?:\w+_){0,3}?(?:is|was|were|are|had|has|have|grew|rose|fell|sold|made|earned|produced|saw)
    which_(?:\w+_){0,3}?(?:costs?|employ\w*|experienced|gained|lost|increased|decreased|declined|ranks?)
    (?:more|less|fewer)_\w+
    higher lower larger bigger smaller faster slower taller longer shorter older younger cheaper heavier lighter greater
    most least largest highest lowest smallest biggest fastest tallest longest"""
)
_SUPERLATIVE = _any(
    """most least largest highest lowest smallest biggest fastest slowest tallest longest shortest oldest cheapest
    heaviest greatest fewest strongest best which_of"""
)
_LOWER = _any(
    r"""less fewer smaller lower cheaper shorter slower slowest lighter younger least fewest smallest lowest cheapest
    shortest lightest weaker fell declin\w* decreas\w* shr[aiu]nk\w* lost"""
)
_COMPARATIVE = _any(
    """larger bigger higher taller longer older heavier deeper wider greater richer busier hotter warmer
    more_(?:expensive|populous|valuable|costly) smaller lower cheaper shorter lighter younger colder less_expensive"""
)
_FASTER = _any("faster slower fastest slowest more_(?:quickly|slowly|strongly)")
# `How many people visited`: the verb says what is counted.
_PEOPLE = re.compile(r"\bhow many (?:more )?people (?!(?:are|were|is|was|did|do|in|of|there)\b)[a-z]", re.IGNORECASE)
_LATEST = _any("current currently now today latest newest most_recent recent at_present present-day")
_SINCE = _any("since")
_FIGURE = _any(
    """how_(?:many|much|large|big|high|tall|long|far|fast|heavy|old|deep|wide|hot|cold|expensive|populous|often)
    what_(?:percentage|share|number) number_of amount_of percent(?:age)?"""
)
_MONEY = _any("how_(?:much|expensive)_.*(?:costs?|pay|paid|charged?|fee|price|rent|tuition)")
_AUXILIARY = "do|does|did|is|was|are|were|has|have|had|can"
_KIND = re.compile(
    rf"\b(?:which|whose) (?:of the )?(?:two |three )?(?:(?:\w+ ){{0,2}}?(\w+)(?= (?:{_AUXILIARY})\b)|(\w+))|"
    r"\bwhat (day|date|time|year|month|country|city|state|continent|language|ocean|sea|river|company|firm|person|place|"
    r"team|university|town|region|currency|currencies)\b",
    re.IGNORECASE,
)
_PREFACE = re.compile(
    r"^\s*(?:based on|according to|given|from|using) (?:the |these |this )?(?:search )?"
    r"(?:context|passages?|documents?|results?|texts?)[,:]? ",
    re.IGNORECASE,
)
_EXTENT = frozenset(("far", "fast", "strong"))
DRESSED = frozenset(stem(word) for word in DRESSING)
_BY_KIND: dict[str, Wanted] = {
    **{stem(word): "where" for word in ("country", "city", "state", "continent", "town", "region", "place")},
    **{stem(word): "when" for word in ("year", "date", "month", "day", "time")},
    "person": "who",
}


@dataclass(frozen=True)
class Question:
    text: str
    kind: str
    """Stem of the noun that says what kind of thing the answer is, as in `which river`; empty without one."""
    names: tuple[Name, ...]
    """What it asks about, in order."""
    unknown: tuple[str, ...]
    """Names in it that no passage mentions."""
    times: tuple[Time, ...]
    topic: tuple[str, ...]
    """Stems of the words that say what is measured, for figures."""
    words: tuple[str, ...]
    """Stems of all words that carry meaning, but names and times."""
    growth: bool
    comparison: bool
    superlative: bool
    lower: bool
    """A comparison that looks for the smaller side."""
    comparative: str
    """`larger`, `cheaper`: the word that it compares by; empty without one."""
    latest: bool
    since: bool
    money: bool
    """It asks for an amount of money."""
    figure: bool
    """It asks for a number in so many words."""
    wanted: Wanted


def read_question(text: str, sentences: Sequence[Sentence]) -> Question:
    """Names are taken from the passages first, whatever their spelling in the question; capitalised ones that no
    passage has are kept as unknown."""
    text = _PREFACE.sub("", _RANGE.sub(r"from \1 to \2", tidy(text).replace("\n", " ").strip()))
    named = _known_names(text, sentences)
    known_text = " ".join(sentence.text.lower() for sentence in sentences)
    unknown = []
    for name in find_names(text, frozenset(re.findall(r"\b[a-z]+\b", known_text))):
        inside = any(known.start < name.end and name.start < known.end for known in named)
        # One capitalised word that opens the question is no sign of a name.
        if not inside and (name.start > 0 or len(name.words) > 1):
            named.append(name)
            spelled_out = any(covers(name.words, other.words) for sentence in sentences for other in sentence.names)
            if not spelled_out and not all(re.search(rf"\b{re.escape(word)}", known_text) for word in name.words):
                unknown.append(name.text)
    named.sort(key=lambda name: name.start)
    times = tuple(dict.fromkeys(time for time, _, _ in find_times(text)))
    name_words = {word for name in named for word in name.words}
    name_stems = {stem(word) for word in name_words}
    meant = tuple(
        dict.fromkeys(found for found in stems(text) if not {found} & (name_stems | name_words) and not found.isdigit())
    )
    comparison = _COMPARE.search(text) is not None
    dressed = DRESSED | ({stem("people")} if _PEOPLE.search(text) else set())
    growth = CHANGE.search(text) is not None or (
        len(times) > 1 and (_FASTER.search(text) is not None or (comparison and len(named) == 1))
    )
    noun = _KIND.search(text)
    kind = stem(next(filter(None, noun.groups())).lower()) if noun else ""
    return Question(
        text=text,
        kind=kind,
        names=tuple(named),
        unknown=tuple(unknown),
        times=times,
        topic=tuple(word for word in meant if word not in dressed and not (growth and word in _EXTENT)),
        words=meant,
        growth=growth,
        comparison=comparison,
        superlative=_SUPERLATIVE.search(text) is not None,
        lower=_LOWER.search(text) is not None,
        comparative=_comparative(text),
        latest=_LATEST.search(text) is not None,
        since=_SINCE.search(text) is not None,
        money=_MONEY.search(text) is not None,
        figure=_FIGURE.search(text) is not None,
        wanted=_wanted(text, kind),
    )


def _known_names(text: str, sentences: Sequence[Sentence]) -> list[Name]:
    """Names of the passages that occur in the question, the longest at each place, in any case."""
    lowered = text.lower()
    candidates = {name.text.lower(): name for sentence in sentences for name in sentence.names}
    shorter: dict[str, str] = {}
    for spelled in candidates:
        parts = spelled.split(" ")
        for end in range(1, len(parts)):
            shorter.setdefault(" ".join(parts[:end]), spelled)
    found: list[Name] = []
    taken = [False] * len(lowered)
    for spelled in sorted({*candidates, *shorter}, key=len, reverse=True):
        if (
            len(spelled) < 2
            or spelled in STOPWORDS
            or (spelled in shorter and spelled not in candidates and len(spelled) < 4)
        ):
            continue
        for match in re.finditer(rf"(?<!\w){re.escape(spelled)}(?!\w)", lowered):
            if any(taken[match.start() : match.end()]):
                continue
            taken[match.start() : match.end()] = [True] * len(spelled)
            shown = text[match.start() : match.end()]
            if shown.islower() and spelled in candidates:
                shown = candidates[spelled].text
            if shown.islower() and spelled not in candidates:
                continue
            parts = [part for part in re.findall(r"[\w&.'’]+", spelled) if part not in STOPWORDS]
            if parts:
                found.append(Name(shown, tuple(p for w in parts for p in w.split("-")), match.start(), match.end()))
    return [name for name in found if not any(name.text == other.text and other.start < name.start for other in found)]


def _comparative(text: str) -> str:
    found = _COMPARATIVE.search(text)
    return found[0].lower() if found else ""


def _wanted(text: str, kind: str) -> Wanted:
    asked = words(text)
    if _FIGURE.search(text):
        return "number"
    for word in asked[:8]:
        if word in ("who", "whom", "whose", "who's"):
            return "who"
        if word == "when":
            return "when"
        if word in ("where", "where's"):
            return "where"
        if word in ("what", "which"):
            return _BY_KIND.get(kind, "thing")
        if word in ("why", "how"):
            break
    return "thing"


def topic_share(topic: Sequence[str], here: frozenset[str], weights: dict[str, float]) -> float:
    """How much of a question's topic a set of stems covers, by weight: from 0 to 1; 1 for an empty topic."""
    total = sum(weights.get(word, 1.0) for word in topic)
    if total == 0:
        return 1.0
    return sum(weights.get(word, 1.0) * likeness(word, here) for word in topic) / total


def likeness(word: str, here: frozenset[str]) -> float:
    """1 for the same word, 0.9 for one of the same idea, 0.7 for one that begins alike, else 0."""
    if word in here:
        return 1.0
    mine = ideas(word)
    if mine and any(mine & ideas(other) for other in here):
        return 0.9
    if len(word) >= 4:
        for other in here:
            short, long = (word, other) if len(word) < len(other) else (other, word)
            if len(short) >= 4 and long.startswith(short) and len(long) - len(short) <= 3:
                return 0.7
    return 0.0
