"""The writing side of the text index."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import tantivy

from ragstone.engine.embedded.mapper.text import AnalyzedField
from ragstone.engine.embedded.text import ballast
from ragstone.engine.embedded.text.layout import Layout, TextIndexDamaged
from ragstone.engine.embedded.text.panics import as_os_error
from ragstone.engine.embedded.text.positions import positioned
from ragstone.engine.embedded.text.reader import TextReader
from ragstone.engine.embedded.text.schema import (
    EVERY,
    ID,
    PRESENT,
    ROUTING,
    ROW,
    build_schema,
    hollow,
    register_tokenizers,
    several,
)

if TYPE_CHECKING:
    from ragstone.engine.embedded.mapper.document_parser import ParsedDocument
    from ragstone.engine.embedded.mapper.field_type import IndexValue
    from ragstone.engine.embedded.mapper.service import Mapper

HEAP = 128_000_000
"""Bytes the writer may gather before it writes a segment on its own."""

_ADD = {"k": "add_text", "i": "add_integer", "f": "add_float", "b": "add_boolean"}
"""How a value gets into an entry, by the first letter of its slot."""


class TextIndex:
    """One generation of the text index of one index. Blocking.

    One thread at a time calls `extend`, `add`, `delete`, `commit` and `close`; readers are free for all.
    """

    def __init__(self, directory: Path, layout: Layout, index: tantivy.Index) -> None:
        self._directory = directory
        self._layout = layout
        self._index = index
        self._writer = index.writer(HEAP, 1)
        self._changed = False
        self._pending = ballast.Pending()
        self._probes: dict[str, str] = {}
        self._reader = self._new_reader()
        self._committed_row = self._reader.max_row()

    @classmethod
    def open(cls, directory: Path, mapper: Mapper) -> TextIndex:
        """The index in `directory`; a new one, with room for every field of `mapper`, where there is none.

        Raises TextIndexDamaged when what lies there can't be used, or has no room for the mapper's fields: the caller
        deletes the directory and builds it from the log.
        """
        directory.mkdir(parents=True, exist_ok=True)
        layout = Layout.load(directory)
        if layout is None:
            if any(directory.iterdir()):
                raise TextIndexDamaged("there are files, but no layout")
            layout = Layout.for_fields(mapper.fields().values())
            layout.save(directory)
        try:
            with as_os_error():
                index = tantivy.Index(build_schema(layout), path=str(directory))
                register_tokenizers(index)
                found = cls(directory, layout, index)
        except (ValueError, OSError) as error:  # what the binding raises for anything wrong on disk
            raise TextIndexDamaged(str(error)) from error
        if not found.extend(mapper):
            found.close()
            raise TextIndexDamaged("the layout has no room for the mapping")
        return found

    def extend(self, mapper: Mapper) -> bool:
        """Give new fields a place, durably. False, and nothing changed, when there is none left.

        To be called before a document with new fields is added.
        """
        layout = self._layout.with_fields(mapper.fields().values())
        if layout is None:
            return False
        if layout is not self._layout:
            layout.save(self._directory)
            self._layout = layout
        return True

    def add(self, row: int, id: str, document: ParsedDocument, routing: str | None) -> None:
        """Index one document version. A row that is in already, from before a restart, is replaced."""
        if row <= self._committed_row:
            self._writer.delete_documents_by_term(ROW, row)
        entry = tantivy.Document()
        entry.add_integer(ROW, row)
        entry.add_text(ID, id)
        entry.add_text(PRESENT, EVERY)
        if routing is not None:
            entry.add_text(ROUTING, routing)
        slots = self._layout.slots
        for path, values in document.values.items():
            if not values:
                continue
            slot = slots[path]
            if slot[0] != "t":
                _add_column(entry, slot, values)
                continue
            field = document.mapper.field(path)
            assert isinstance(field, AnalyzedField)
            terms = _add_text(entry, slot, field, values)
            entry.add_text(PRESENT, path)
            if terms:
                self._pending.count(slot, len(terms))
                self._probes[slot] = terms[0]
            else:
                entry.add_text(PRESENT, hollow(path))
        for path in document.vectors:
            entry.add_text(PRESENT, path)
        self._writer.add_document(entry)
        self._pending.entries += 1
        self._changed = True

    def delete(self, row: int) -> None:
        """Take one document version out; nothing happens when it is not in."""
        self._writer.delete_documents_by_term(ROW, row)
        self._changed = True

    def commit(self) -> None:
        """Make everything added and deleted so far durable and visible to readers asked for from now on."""
        if self._changed:
            with as_os_error():
                for entry in ballast.needed(self._reader, self._layout.slots, self._pending, self._probes):
                    self._writer.add_document(entry)
                self._writer.commit()
                self._changed, self._pending = False, ballast.Pending()
                self._reader = self._new_reader()
        elif self._reader.slots is not self._layout.slots:
            self._reader = self._new_reader()

    def reader(self) -> TextReader:
        """The state of the last commit, immutable."""
        return self._reader

    def close(self) -> None:
        """Let go of the directory. What was not committed is dropped."""
        self._writer.rollback()
        del self._writer

    def _new_reader(self) -> TextReader:
        self._index.reload()
        return TextReader(self._index, self._layout.slots)


def _add_column(entry: tantivy.Document, slot: str, values: list[IndexValue]) -> None:
    add = getattr(entry, _ADD[slot[0]])
    if len(values) == 1:
        add(slot, values[0])
        return
    entry.add_text(PRESENT, several(slot))
    # ascending, because a column's first value is what sorting sees
    for value in sorted(values):
        add(slot, value)


def _add_text(entry: tantivy.Document, slot: str, field: AnalyzedField, values: list[IndexValue]) -> Sequence[str]:
    """Add the texts' terms, and return them."""
    # tantivy's fastest tokenizer takes spaced terms apart again
    spaced = field.analyzer.spaced(str(values[0])) if len(values) == 1 and field.counts_terms else None
    if spaced is not None:
        words = spaced.split()
        if words:
            entry.add_text(slot, spaced)
        return words
    terms = list(positioned(field, values))
    words = [word for word, _ in terms]
    consecutive = all(at == position for at, (_, position) in enumerate(terms))
    if not consecutive or not field.counts_terms or len(" ".join(words).split()) != len(words):
        return _add_tokens(entry, slot, field, terms)
    if words:
        entry.add_text(slot, " ".join(words))
    return words


def _add_tokens(
    entry: tantivy.Document, slot: str, field: AnalyzedField, terms: list[tuple[str, int]]
) -> Sequence[str]:
    """Terms with gaps between them, several at one position, or with spaces inside."""
    if not field.counts_terms:
        terms = list({word: (word, position) for word, position in reversed(terms)}.values())[::-1]
    if terms:
        tokens = [tantivy.Token(word, position, 0, 0) for word, position in terms]
        entry.add_pre_tokenized_text(slot, tantivy.PreTokenizedString("", tokens))
    return [word for word, _ in terms]
