"""Index expressions: lists, wildcards, exclusions, aliases."""

import pytest

from ragstone.core.errors import (
    IllegalArgumentException,
    IndexClosedException,
    IndexNotFoundException,
    InvalidIndexNameException,
)
from ragstone.dsl import queries
from ragstone.engine.values import IndexMetadata, JsonObject, Metadata
from ragstone.indices.resolver import IndicesOptions, resolve, resolve_one, write_index

assert queries  # alias filters need the queries registered


def index(
    name: str, *, aliases: dict[str, JsonObject] | None = None, hidden: bool = False, opened: bool = True
) -> IndexMetadata:
    settings = {"index.hidden": "true"} if hidden else {}
    return IndexMetadata(name, f"uuid-{name}", settings, {}, aliases or {}, 0, opened)


def metadata(*indices: IndexMetadata) -> Metadata:
    return Metadata("c", {one.name: one for one in indices})


WORLD = metadata(
    index("a", aliases={"x": {}, "both": {}}),
    index("b", aliases={"both": {"is_write_index": True}, "red": {"filter": {"term": {"c": "red"}}}}),
    index("hid", hidden=True),
    index(".sys", hidden=True),
    index("shut", opened=False),
)


HIDDEN = metadata(
    index("ann"),
    index("anna", aliases={"al": {}}),
    index("bob", aliases={"al": {}, "ball": {}}),
    index("hid", aliases={"vis": {}}, hidden=True),
    index("hid2", aliases={".dotvis": {}}, hidden=True),
    index("ali", aliases={"hal": {"is_hidden": True}}),
)


@pytest.mark.parametrize(
    ("expression", "expands", "found"),
    [
        ("*", None, ["ali", "ann", "anna", "bob"]),
        ("v*", None, ["hid"]),
        ("*,none*", None, ["ali", "ann", "anna", "bob", "hid", "hid2"]),
        (".d*", None, ["hid2"]),
        ("h*", None, []),
        ("h*", "open,hidden", ["ali", "hid", "hid2"]),
        ("an*,-al", None, ["ann", "anna"]),
        ("an*,al,-al", None, ["ann", "anna"]),
        ("an*,-a*l", None, ["ann"]),
        ("*l,-bob", None, ["anna"]),
        ("al,b*,-bob", None, ["anna", "bob"]),
        ("a*,-_all", None, ["ali", "ann", "anna", "bob"]),
        ("a*,bob,-bob", "hidden", ["bob"]),
    ],
)
def test_wildcards_and_exclusions_of_aliases_and_hidden_names(
    expression: str, expands: str | None, found: list[str]
) -> None:
    """As recorded from OpenSearch."""
    options = IndicesOptions(ignore_unavailable=True).with_expansion(expands)
    assert sorted(one.index.name for one in resolve(HIDDEN, expression, options)) == found


def names(expression: str | None, options: IndicesOptions | None = None) -> list[str]:
    return [found.index.name for found in resolve(WORLD, expression, options)]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        (None, ["a", "b"]),
        ("_all", ["a", "b"]),
        ("b,a", ["b", "a"]),
        ("*,-b", ["a"]),
        ("both", ["a", "b"]),
        ("bo*", ["a", "b"]),
        ("x,a", ["a"]),
        ("hid", ["hid"]),
        ("h*", []),
        (".s*", [".sys"]),
        ("none*", []),
    ],
)
def test_an_expression_means_what_it_means_in_opensearch(expression: str | None, found: list[str]) -> None:
    assert names(expression) == found


def test_options_widen_and_narrow_wildcards() -> None:
    assert names("*", IndicesOptions().with_expansion("all")) == [".sys", "a", "b", "hid", "shut"]
    assert names("*", IndicesOptions().with_expansion("open,hidden")) == [".sys", "a", "b", "hid"]
    assert names("*", IndicesOptions().with_expansion("none")) == []
    with pytest.raises(IllegalArgumentException, match=r"No valid expand wildcard value \[sideways\]"):
        IndicesOptions().with_expansion("sideways")


def test_missing_and_closed_names() -> None:
    with pytest.raises(IndexNotFoundException, match=r"no such index \[zz\]"):
        names("a,zz")
    assert names("a,zz", IndicesOptions(ignore_unavailable=True)) == ["a"]
    with pytest.raises(IndexNotFoundException):
        names("none*", IndicesOptions(allow_no_indices=False))
    with pytest.raises(IndexClosedException):
        names("shut")
    with pytest.raises(InvalidIndexNameException, match="must not start with '_'"):
        names("_foo")


def test_an_alias_brings_its_filter_unless_the_index_is_named_too() -> None:
    (through_alias,) = resolve(WORLD, "red")
    assert through_alias.filter is not None
    (named,) = resolve(WORLD, "red,b")
    assert named.filter is None


def test_a_single_document_is_read_from_one_index_only() -> None:
    assert resolve_one(WORLD, "x").index.name == "a"
    with pytest.raises(IllegalArgumentException, match="more than one index associated"):
        resolve_one(WORLD, "both")
    with pytest.raises(IndexNotFoundException) as caught:
        resolve_one(WORLD, "a,b")
    assert caught.value.metadata["resource.type"] == "index_expression"


def test_a_write_goes_to_the_write_index_of_an_alias() -> None:
    target = write_index(WORLD, "both")
    assert target is not None
    assert target.name == "b"
    assert write_index(WORLD, "new") is None
    with pytest.raises(IllegalArgumentException, match="no write index is defined for alias"):
        write_index(metadata(index("a", aliases={"z": {}}), index("b", aliases={"z": {}})), "z")
