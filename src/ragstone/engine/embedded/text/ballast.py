"""Ballast: entries that stand for no document and only set right the average length tantivy scores with.

BM25 compares a text's length with the average of its field. OpenSearch takes the average over the documents that have
the field; tantivy over all documents, so where some lack the field its average is too small. It can't be told another
one, but it can be made to count another one: entries with nothing but filler terms, so many and so long that each
field's average becomes what it should be. Wherever all documents have all text fields there is no ballast.

Entries can only be added (deleted ones count until they are merged away), so there are always enough of them, and long
enough, to reach the averages from below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import tantivy

from ragstone.engine.embedded.text.reader import TextReader
from ragstone.engine.embedded.text.schema import BALLAST, EVERY, PRESENT, filling, hollow
from ragstone.engine.embedded.text.statistics import kept_length

FILLER = "\0\0\0\0"
"""No analyzer makes such a term, and no other is within two edits of it."""

TOLERANCE = 1e-4
"""How far an average may be off, relatively, before ballast is added. Scores are off by less than half of it."""
_EXACT_ENOUGH = 2e-5
_CANDIDATES = 4096


@dataclass
class Pending:
    """What was added since the last commit: entries, and per text slot how many have it and how many terms."""

    entries: int = 0
    holders: dict[str, int] = field(default_factory=dict)
    terms: dict[str, int] = field(default_factory=dict)

    def count(self, slot: str, terms: int) -> None:
        self.holders[slot] = self.holders.get(slot, 0) + 1
        self.terms[slot] = self.terms.get(slot, 0) + terms


@dataclass(frozen=True)
class _Field:
    """One text field: its terms, filler not counted; the filler there is; and the average it should have."""

    slot: str
    terms: int
    filler: int
    average: float


def needed(
    reader: TextReader, slots: Mapping[str, str], pending: Pending, probes: dict[str, str]
) -> list[tantivy.Document]:
    """The ballast to add before a commit.

    `reader` shows the last commit; `slots` are all fields' places; `probes` knows some term of each slot, and learns.
    """
    texts = {path: slot for path, slot in slots.items() if slot.startswith("text-")}
    entries = reader.frequency(PRESENT, EVERY) + pending.entries
    ballast = reader.frequency(PRESENT, BALLAST)
    holders = {
        path: reader.frequency(PRESENT, path) - reader.frequency(PRESENT, hollow(path)) + pending.holders.get(slot, 0)
        for path, slot in texts.items()
    }
    if not ballast and all(count == 0 or 1 - count / entries <= TOLERANCE for count in holders.values()):
        return []
    filler = reader.filler()
    fields = []
    for path, slot in texts.items():
        terms = _committed_terms(reader, slot, filler.get(slot, 0), probes) + pending.terms.get(slot, 0)
        if holders[path] and terms:
            fields.append(_Field(slot, terms, filler.get(slot, 0), terms / holders[path]))
    if all(_error(f, f.filler, entries + ballast) <= TOLERANCE for f in fields):
        return []
    least = max([entries + ballast + 1, *(int(np.ceil((f.terms + f.filler) / f.average)) for f in fields)])
    total = _best_total(fields, least)
    more = {f.slot: max(0, round(f.average * total) - f.terms) - f.filler for f in fields}
    lengths = {slot: _lengths(count) for slot, count in more.items() if count > 0}
    longest = max(map(len, lengths.values()), default=0)
    if longest > total - entries - ballast:  # more entries than planned: plan again with room for them
        total = _best_total(fields, least + longest)
        lengths = {f.slot: _lengths(round(f.average * total) - f.terms - f.filler) for f in fields}
    return _entries(total - entries - ballast, lengths)


def _committed_terms(reader: TextReader, slot: str, filler: int, probes: dict[str, str]) -> int:
    """How many terms the last commit has in a slot, filler left out."""
    found = reader.total_terms(slot, FILLER if filler else probes.get(slot))
    if found is None:
        probes[slot] = reader.commonest_term(slot)  # dear: it reads all terms, but it is done once
        found = reader.total_terms(slot, probes[slot])
    return round(found or 0.0) - filler


def _error(field: _Field, filler: int, total: int) -> float:
    return abs((field.terms + filler) / total / field.average - 1)


def _best_total(fields: Sequence[_Field], least: int) -> int:
    """The first number of entries, from `least` on, at which whole numbers of terms come close to all averages."""
    totals = np.arange(least, least + _CANDIDATES)
    worst = np.zeros(len(totals))
    for field_ in fields:
        wanted = field_.average * totals
        worst = np.maximum(worst, np.abs(np.rint(wanted) - wanted) / wanted)
    good = np.flatnonzero(worst <= _EXACT_ENOUGH)
    return int(totals[good[0] if len(good) else np.argmin(worst)])


def _lengths(count: int) -> list[int]:
    """`count` as a sum of lengths that the one byte kept of a length holds exactly, so that merges keep the sum."""
    parts = []
    while count > 0:
        parts.append(kept_length(count))
        count -= parts[-1]
    return parts


def _entries(count: int, lengths: Mapping[str, Sequence[int]]) -> list[tantivy.Document]:
    made = []
    for number in range(count):
        entry = tantivy.Document()
        entry.add_text(PRESENT, BALLAST)
        for slot, parts in lengths.items():
            if number < len(parts):
                entry.add_text(slot, " ".join([FILLER] * parts[number]))
                entry.add_text(PRESENT, filling(slot, parts[number]))
        made.append(entry)
    return made
