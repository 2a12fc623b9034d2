"""What expressions name."""

from typing import Any

import pytest

from ragstone.engine.values import IndexMetadata, Metadata
from ragstone.indices.names import resolved_names
from ragstone.indices.resolver import IndicesOptions


def index(name: str, *aliases: str, open: bool = True, hidden: bool = False) -> IndexMetadata:
    settings = {"index.hidden": "true"} if hidden else {}
    return IndexMetadata(name, "u", settings, {}, {alias: {} for alias in aliases}, 0, open)


METADATA = Metadata(
    "c",
    {
        one.name: one
        for one in (
            index("books-2", "books"), index("books-1", "books", "first"), index("shut", open=False),
            index("secret", hidden=True),
        )
    },
)  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "indices", "aliases"),
    [
        ("books-1", ["books-1"], []),
        ("books", [], ["books"]),
        ("books*", ["books-1", "books-2"], ["books"]),
        ("*", ["books-1", "books-2"], ["books", "first"]),
        ("_all", ["books-1", "books-2"], ["books", "first"]),
        ("*,-books*", [], ["first"]),
        ("none,none*", [], []),
        ("shut,secret", ["secret", "shut"], []),
    ],
)
def test_indices_and_aliases_are_named_apart(expression: str, indices: list[str], aliases: list[str]) -> None:
    found = resolved_names(METADATA, expression, IndicesOptions())
    assert [one["name"] for one in found["indices"]] == indices
    assert [one["name"] for one in found["aliases"]] == aliases
    assert found["data_streams"] == []


def test_each_knows_the_others() -> None:
    found = resolved_names(METADATA, "books*", IndicesOptions())
    assert found["indices"][0] == {"name": "books-1", "aliases": ["books", "first"], "attributes": ["open"]}
    assert found["aliases"] == [{"name": "books", "indices": ["books-1", "books-2"]}]


@pytest.mark.parametrize(
    ("wildcards", "attributes"),
    [("open", {"books-1": ["open"], "books-2": ["open"]}), ("closed", {"shut": ["closed"]}), ("none", {})],
)
def test_wildcards_expand_as_they_are_told(wildcards: str, attributes: dict[str, Any]) -> None:
    found = resolved_names(METADATA, "*", IndicesOptions().with_expansion(wildcards))
    assert {one["name"]: one["attributes"] for one in found["indices"]} == attributes


def test_hidden_indices_are_said_to_be_hidden() -> None:
    found = resolved_names(METADATA, "secret", IndicesOptions())
    assert found["indices"] == [{"name": "secret", "attributes": ["hidden", "open"]}]
