"""The mapping as somebody sees it who may not see all fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ragstone.engine.embedded.mapper.document_parser import ParsedDocument
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.mapper.flat_object import FlatObjectField
from ragstone.engine.embedded.mapper.rank_features import RankFeaturesField
from ragstone.engine.embedded.mapper.service import Mapper
from ragstone.engine.visibility import Mask, Visibility


class MaskedField(NamedTuple):
    """A field whose values may be counted, but are shown through `mask` only."""

    field: FieldType
    mask: Mask


class VisibleMapper(Mapper):
    """Hidden fields are as if they were not mapped. Masked ones too: their values could be learned by asking for them;
    who can show them masked finds them in `masked`. It reads documents as the whole mapper does."""

    def __init__(self, whole: Mapper, visibility: Visibility) -> None:
        super().__init__(whole.root, whole.options, whole.context)
        self._whole = whole
        self._visibility = visibility
        parents = {sub.name: field.name for field in whole._fields.values() for sub in field.sub_fields}
        self._fields = {}
        concealed: dict[str, FieldType] = {}
        masked: dict[str, MaskedField] = {}
        for name, field in whole._fields.items():
            mask = None if visibility.masks is None else visibility.masks.of(_source_path(name, parents))
            shown = self._shows(field, parents.get(name))
            if shown and mask is None:
                self._fields[name] = field
                continue
            concealed[name] = field
            if shown and mask is not None:
                masked[name] = MaskedField(field, mask)
        self._aliases = {name: path for name, path in whole._aliases.items() if path in self._fields}
        concealed.update({name: concealed[path] for name, path in whole._aliases.items() if path in concealed})
        masked.update({name: masked[path] for name, path in whole._aliases.items() if path in masked})
        self.concealed: Mapping[str, FieldType] = concealed
        self.masked: Mapping[str, MaskedField] = masked
        self.constants = [field for field in whole.constants if field.name in self._fields]

    def _shows(self, field: FieldType, parent: str | None) -> bool:
        fields, masks = self._visibility.fields, self._visibility.masks
        holds_others = isinstance(field, (FlatObjectField, RankFeaturesField))  # its values are those of all in it
        if holds_others and masks is not None and masks.reach_into(field.name):
            return False
        if fields is None:
            return True
        if holds_others:
            return fields.shows_all_in(field.name)
        return fields.shows(field.name) if parent is None else fields.shows_sub_field(field.name, parent)

    def _inside_flat_object(self, path: str) -> FieldType | None:
        found = self._whole._inside_flat_object(path)
        if found is None or not self._visibility.shows(path):
            return None
        return None if self._visibility.masks is not None and self._visibility.masks.of(path) is not None else found

    def parse_document(self, id: str, source: bytes) -> ParsedDocument:
        return self._whole.parse_document(id, source)


def _source_path(name: str, parents: Mapping[str, str]) -> str:
    """Where in a document the values of a field come from."""
    return parents.get(name, name)


__all__ = ["MaskedField", "VisibleMapper"]
