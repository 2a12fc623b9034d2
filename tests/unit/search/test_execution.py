"""Searches over indices that are deleted meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ragstone.core.errors import IndexNotFoundException
from ragstone.engine.values import IndexMetadata
from ragstone.indices.resolver import Resolved
from ragstone.search.execution import surviving


def targets(*names: str) -> list[Resolved]:
    return [Resolved(IndexMetadata(name, name, {}, {}, {}, 0)) for name in names]


async def names_of(found: Sequence[Resolved], gone: set[str]) -> list[str]:
    names = [target.index.name for target in found]
    for name in names:
        if name in gone:
            raise IndexNotFoundException(name)
    return names


async def test_of_several_indices_those_that_are_deleted_meanwhile_are_left_out() -> None:
    left = await surviving(targets("a", "b", "c", "d"), lambda found: names_of(found, {"a", "c"}))
    assert left == ["b", "d"]


async def test_when_none_is_left_the_last_one_is_told() -> None:
    with pytest.raises(IndexNotFoundException, match=r"no such index \[b\]"):
        await surviving(targets("a", "b"), lambda found: names_of(found, {"a", "b"}))


async def test_an_index_that_was_not_asked_for_is_no_reason_to_ask_again() -> None:
    async def ask(_found: Sequence[Resolved]) -> None:
        raise IndexNotFoundException("other")

    with pytest.raises(IndexNotFoundException, match="other"):
        await surviving(targets("a", "b"), ask)
