"""What the caller sees of indices, for services that read documents."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from ragstone.core.caller import NamedIndex, subject
from ragstone.engine.values import IndexMetadata
from ragstone.engine.visibility import Views, Visibility, visibility

_ALL: Final[Views] = MappingProxyType({})


def views_of(indices: Iterable[IndexMetadata]) -> Views:
    """The views through which the caller sees these indices; nothing for those that are wholly visible."""
    who = subject.get()
    if who is None:
        return _ALL
    found = ((index.name, who.view(NamedIndex(index.name, tuple(index.aliases)))) for index in indices)
    return {name: visibility(view) for name, view in found if view is not None}


def view_of(index: IndexMetadata) -> Visibility | None:
    """The same for one; None: all of it is visible."""
    return views_of([index]).get(index.name)


__all__ = ["view_of", "views_of"]
