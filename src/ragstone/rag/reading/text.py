"""Words and sentences: splitting, stems, and words that say the same."""

from __future__ import annotations

import re
from functools import lru_cache

_ESCAPED_BREAK = re.compile(r"\\[rnt]")
_SPACES = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u3000]+")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*", re.UNICODE)
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|mt|ft|no|vs|approx|ca|inc|ltd|co|corp|jr|sr|gen|est|fig|e\.g|i\.e|u\.s|u\.k)|\b[A-Za-z])\.$",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?]+[\"'”’)\]]*\s+")

STOPWORDS = frozenset(
    """a about according after again ago all also am an and any are as at be because been before being between both but
    by can could did do does doing during each either for from further had has have having he her hers him his how i if
    in into is it its itself just know let many may me might more most much must my no nor not of off on once only or
    other our out over own per please same shall she should so some such tell than that the their them then there these
    they this those through to too under until up upon us very was we were what what's when where which while who whom
    whose why will with within would yes you your give according based context search result results show explain
    describe find say says said exactly s t re ve d ll""".split()
)

# Words that mean one thing in questions and answers about figures and facts. Each group is one idea.
_GROUPS = """
population people inhabitant resident live lives living lived citizen populous dweller populated home
revenue sale turnover earn earning takings grossed
profit earning income
employ employee staff worker workforce headcount work job
price cost fee charge expensive cheap pay paid worth sell sold value priced
high height tall elevation altitude rise rises stand
long length stretch span
large big size area cover spread
deep depth
wide width breadth
fast speed quick velocity
weigh weight heavy mass
old age
hot warm cold temperature
write wrote written author pen penned novelist compose composed composer
paint painted painter
found founded founder establish established start started create created set launch launched incorporate inception begin began begun
build built construct construction erect complete completed finish finished
open opened opening inaugurate inaugurated
invent invented inventor develop developed develope design designed designer architect
discover discovered discoverer identify
locate located location situate situated headquarter headquarters headquartered base based seat
lead leads led leader head heads ceo chief executive president chairman run runs manage manager direct director
die died death dead
bear born birth birthplace birthday
own owned owner acquire acquired acquisition buy bought purchase purchased belong
win won winner award awarded receive received champion prize
make made produce produced producer production manufacture manufactured manufacturer maker output
spoke speak spoken language
currency money
marry married wife husband spouse
teach taught teacher professor instructor
end ended close closed
warranty guarantee guaranteed
return refund
allow allowed permit permitted
contain contains include includes consist comprise ingredient
cause caused reason due
happen occur occurred place
visit visitor visited tourist
student pupil enrol enroll enrolment enrollment enrolled
car vehicle automobile
movie film
begin start commence
annual yearly
big large great
nickname nicknamed called known
""".strip().splitlines()


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A rough common form of a lower-case word: plural, past tense and participle endings are dropped."""
    word = re.sub(r"['’]s?$", "", word)
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
    for number, group in enumerate(_GROUPS):
        for word in group.split():
            found.setdefault(stem(word), set()).add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


_IDEAS = _ideas()


def ideas(stemmed: str) -> frozenset[int]:
    """Numbers of the groups of like words that a stem belongs to."""
    return _IDEAS.get(stemmed, frozenset())


def same_idea(one: str, other: str) -> bool:
    """Whether two stems are the same word, or words for the same thing, or one begins with the other."""
    if one == other or ideas(one) & ideas(other):
        return True
    short, long = sorted((one, other), key=len)
    return len(short) >= 4 and long.startswith(short) and len(long) - len(short) <= 4


def tidy(text: str) -> str:
    """One kind of blank; line breaks that arrive spelled out (a backslash and an n) as line breaks."""
    text = _ESCAPED_BREAK.sub("\n", text).replace("\r", "\n")
    return _SPACES.sub(" ", text)


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
    """Lines, and the sentences in them; never empty strings."""
    found = []
    for line in tidy(text).split("\n"):
        start = 0
        for end in _END.finditer(line):
            before, after = line[start : end.end()].rstrip(), line[end.end() :]
            if not after or _ABBREVIATION.search(before) or not (after[0].isupper() or not after[0].isalpha()):
                continue
            found.append(before)
            start = end.end()
        found.append(line[start:].strip())
    return [sentence for sentence in found if sentence]
