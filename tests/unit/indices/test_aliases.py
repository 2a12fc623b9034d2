"""Names of aliases."""

from __future__ import annotations

import pytest

from ragstone.core.errors import InvalidAliasNameException
from ragstone.engine.values import IndexMetadata, Metadata
from ragstone.indices.aliases import check_alias_name

INDEX = IndexMetadata(name="taken", uuid="u", settings={}, mappings={}, aliases={}, creation_date=0)


@pytest.mark.parametrize("name", ["Upper", "a.b", "x" * 255])
def test_an_alias_may_have_capitals(name: str) -> None:
    check_alias_name(Metadata("c", {}), name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "Invalid alias name []: must not be empty"),
        ("a#b", "Invalid alias name [a#b]: must not contain '#'"),
        ("_x", "Invalid alias name [_x]: must not start with '_', '-', or '+'"),
        ("taken", "Invalid alias name [taken], an index exists with the same name as the alias"),
    ],
)
def test_a_bad_alias_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(InvalidAliasNameException) as caught:
        check_alias_name(Metadata("c", {"taken": INDEX}), name)
    assert caught.value.reason == reason
